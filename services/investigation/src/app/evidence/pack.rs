//! A zip that is written while it is sent: files come in on one side, bytes go out on the other, and little is in memory.
//!
//! The zip library writes to a blocking writer, so it runs on a thread of its own between two bounded channels.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use redress_domain::Problem;
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::CHUNK;
use crate::error::Error;

/// Chunks on their way between two sides.
const ON_THE_WAY: usize = 4;

/// What comes in.
enum Part {
    /// A file begins.
    File(String),
    /// Its next bytes.
    Bytes(Bytes),
    /// The pack is complete. Without it the zip gets no directory: half a pack must not look like a whole one.
    End,
}

/// The side where files come in.
pub(super) struct Packer {
    parts: mpsc::Sender<Part>,
}

/// The side where bytes go out.
pub(super) type Packed = mpsc::Receiver<Result<Bytes, Error>>;

/// Nobody takes the pack any more.
#[derive(Debug)]
pub(super) struct Gone;

impl Packer {
    /// A pack, and where its bytes come out. What goes wrong with a file is told there too, through the second value.
    pub(super) fn new() -> (Self, mpsc::Sender<Result<Bytes, Error>>, Packed) {
        let (parts, incoming) = mpsc::channel(ON_THE_WAY);
        let (outgoing, packed) = mpsc::channel(ON_THE_WAY);
        let out = outgoing.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = write(incoming, &out) {
                // A reader that went away needs no word.
                let _gone = out.blocking_send(Err(error));
            }
        });
        (Self { parts }, outgoing, packed)
    }

    /// A file begins.
    pub(super) async fn file(&self, name: &str) -> Result<(), Gone> {
        self.parts.send(Part::File(name.to_owned())).await.map_err(|_| Gone)
    }

    /// Its next bytes.
    pub(super) async fn bytes(&self, bytes: Bytes) -> Result<(), Gone> {
        self.parts.send(Part::Bytes(bytes)).await.map_err(|_| Gone)
    }

    /// The pack is complete.
    pub(super) async fn end(self) -> Result<(), Gone> {
        self.parts.send(Part::End).await.map_err(|_| Gone)
    }
}

fn write(mut parts: mpsc::Receiver<Part>, out: &mpsc::Sender<Result<Bytes, Error>>) -> Result<(), Error> {
    let mut zip = ZipWriter::new_stream(Out { out: out.clone(), buffer: BytesMut::new() });
    // Pictures and films are packed already; texts are small beside them.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    while let Some(part) = parts.blocking_recv() {
        let done = match part {
            Part::File(name) => zip.start_file(name, options).map_err(io::Error::from),
            Part::Bytes(bytes) => zip.write_all(&bytes),
            Part::End => return finished(zip),
        };
        done.map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn finished(zip: ZipWriter<StreamWriter<Out>>) -> Result<(), Error> {
    let out = zip.finish().map_err(io::Error::from).map_err(|error| failed(&error))?;
    out.into_inner().flush().map_err(|error| failed(&error))
}

fn failed(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Problem::not_found().into(),
        _ => Error::Defect(format!("a pack could not be written: {error}").into()),
    }
}

/// Where the zip library writes to.
struct Out {
    out: mpsc::Sender<Result<Bytes, Error>>,
    buffer: BytesMut,
}

impl Out {
    fn send(&mut self, size: usize) -> io::Result<()> {
        let chunk = self.buffer.split_to(size).freeze();
        self.out.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        while self.buffer.len() >= CHUNK {
            self.send(CHUNK)?;
        }
        Ok(bytes.len())
    }

    /// The library flushes after each file; only full chunks and the last one are sent.
    fn flush(&mut self) -> io::Result<()> {
        let rest = self.buffer.len();
        if rest == 0 { Ok(()) } else { self.send(rest) }
    }
}
