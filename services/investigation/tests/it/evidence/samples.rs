//! Files as people send them, made here.

/// A photograph with the place where it was taken.
pub(super) fn photograph() -> Vec<u8> {
    let mut all = vec![0xff, 0xd8];
    for (marker, content) in [
        (0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0".to_vec()),
        (0xe1, b"Exif\0\0II*\0\x08\0\0\0\0\0 N 30.2741 E 120.1551".to_vec()),
        (0xdb, vec![0; 65]),
    ] {
        all.extend_from_slice(&[0xff, marker]);
        all.extend_from_slice(&u16::try_from(content.len() + 2).unwrap().to_be_bytes());
        all.extend_from_slice(&content);
    }
    all.extend_from_slice(&[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    all.extend_from_slice(b"what is seen");
    all.extend_from_slice(&[0xff, 0xd9]);
    all
}

/// A film with the place where it was taken, of some 5 MB.
pub(super) fn film() -> Vec<u8> {
    let place = boxed([0xa9, b'x', b'y', b'z'], b"+30.2741+120.1551/");
    let index = boxed(*b"moov", &[boxed(*b"mvhd", b"index"), boxed(*b"udta", &place)].concat());
    let seen = boxed(*b"mdat", &b"what is seen ".repeat(400_000));
    [boxed(*b"ftyp", b"isom\0\0\x02\0isomiso2"), index, boxed(*b"uuid", b"xmp: author 30.2741"), seen]
        .concat()
}

fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut all = u32::try_from(content.len() + 8).unwrap().to_be_bytes().to_vec();
    all.extend_from_slice(&kind);
    all.extend_from_slice(content);
    all
}

/// A zip whose one file would unpack to 3 GB, by its directory.
pub(super) fn bomb() -> Vec<u8> {
    let (packed, unpacked) = (1_000_u32, 3_000_000_000_u32);
    let mut all = b"PK\x03\x04".to_vec();
    all.resize(30 + 1 + 1_000, 0);
    let place = u32::try_from(all.len()).unwrap();
    let mut entry = b"PK\x01\x02".to_vec();
    entry.resize(46, 0);
    entry[20..24].copy_from_slice(&packed.to_le_bytes());
    entry[24..28].copy_from_slice(&unpacked.to_le_bytes());
    entry[28] = 1;
    entry.push(b'a');
    all.extend_from_slice(&entry);
    all.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    all.extend_from_slice(&u32::try_from(entry.len()).unwrap().to_le_bytes());
    all.extend_from_slice(&place.to_le_bytes());
    all.extend_from_slice(&[0, 0]);
    all
}

/// A zip in which a program goes by the name of a text.
pub(super) fn disguised() -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [("chat.txt", CHAT.as_bytes()), ("a.txt", b"\x7fELF\x02\x01\x01\0\0\0\0\0")] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A chat in which a telephone number is told.
pub(super) const CHAT: &str = "客服:您好\n买家:请打 13800138000 找我,包的缝线开了\n";

pub(super) fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
