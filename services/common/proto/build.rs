//! Generates messages, services and their JSON form from `proto/`, with a protoc in pure Rust.

use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let files = proto_files(&root.join("redress"))?;
    // With their comments, which describe the fields in the OpenAPI document.
    let mut compiler = protox::Compiler::new([&root])?;
    let descriptors =
        compiler.include_imports(true).include_source_info(true).open_files(&files)?.file_descriptor_set();
    let encoded = protox::prost::Message::encode_to_vec(&descriptors);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), &encoded)?;

    let mut messages = prost_build::Config::new();
    messages.enable_type_names();
    tonic_prost_build::configure()
        .compile_well_known_types(true)
        .extern_path(".google.protobuf", "::pbjson_types")
        .compile_fds_with_config(descriptors, messages)?;
    pbjson_build::Builder::new().register_descriptors(&encoded)?.emit_fields().build(&[".redress"])?;
    Ok(())
}

fn proto_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(proto_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
