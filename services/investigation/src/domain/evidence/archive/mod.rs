//! What a zip archive holds, told from its directory and from how its files begin: nothing else is unpacked.
//!
//! The directory stands at the end, so a bounded tail of the stream is enough. What the directory says of sizes may be a
//! lie, but whoever unpacks by it stops where it ends; files that share their bytes, the trick of the worst bombs, are
//! seen from their places.

mod heads;

use super::Unfit;
use heads::{Head, Heads};

/// So many last bytes are kept: the directory of a few thousand files. A larger directory counts as a bomb.
const TAIL: usize = 1 << 20;
/// The most files in an archive.
const MOST_FILES: u64 = 5_000;
/// The most bytes in all that an archive may unpack to.
const MOST_BYTES: u64 = 4 << 30;
/// How many times its size an archive of more than [`SMALL`] may unpack to.
const MOST_RATIO: u64 = 200;
/// Up to so many unpacked bytes no ratio is a danger: a long chat log compresses well.
const SMALL: u64 = 64 << 20;

const END: &[u8; 4] = b"PK\x05\x06";
const END_SIZE: usize = 22;
const ENTRY: &[u8; 4] = b"PK\x01\x02";
const ENTRY_SIZE: usize = 46;
const LOCAL_SIZE: usize = 30;
/// Endings of archives, and of programs and scripts.
const ARCHIVES: &[&str] =
    &["zip", "7z", "rar", "gz", "tgz", "tar", "bz2", "xz", "zst", "jar", "apk", "iso", "cab"];
const PROGRAMS: &[&str] = &[
    "exe", "dll", "com", "scr", "msi", "bat", "cmd", "ps1", "vbs", "js", "jse", "wsf", "hta", "sh", "elf",
    "so", "app", "deb", "rpm", "py", "php", "pl", "lnk", "html", "htm", "svg",
];

/// An archive that streams by.
#[derive(Debug, Default)]
pub(super) struct Archive {
    tail: Tail,
    heads: Heads,
}

impl Archive {
    /// The next bytes.
    ///
    /// # Errors
    /// As soon as it is certain that the archive does not fit.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        self.tail.push(bytes);
        self.heads.push(bytes)
    }

    /// The archive is complete, with `size` bytes.
    ///
    /// # Errors
    /// If it does not fit.
    pub(super) fn finish(self, size: u64) -> Result<(), Unfit> {
        let entries = check(&self.tail, size)?;
        let heads = self.heads.finish();
        entries.iter().try_for_each(|entry| entry.check_head(heads.get(&entry.place).copied()))
    }
}

/// The last bytes of a stream.
#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
        // Cut seldom: moving a megabyte for each small chunk would cost more than hashing it.
        if self.0.len() > 2 * TAIL {
            self.0.drain(..self.0.len() - TAIL);
        }
    }
}

/// Checks an archive of `size` bytes by its tail; gives what its directory names.
fn check(tail: &Tail, size: u64) -> Result<Vec<Entry<'_>>, Unfit> {
    let directory = Directory::find(&tail.0, size)?;
    if directory.files > MOST_FILES {
        return Err(Unfit::ArchiveBomb);
    }
    let mut rest = directory.bytes;
    let (mut unpacked, mut places, mut entries) = (0_u64, Vec::new(), Vec::new());
    for _ in 0..directory.files {
        let (entry, after) = Entry::read(rest)?;
        rest = after;
        entry.check()?;
        unpacked = unpacked.saturating_add(entry.unpacked);
        places.push((entry.place, entry.packed.saturating_add(LOCAL_SIZE as u64)));
        entries.push(entry);
    }
    let too_dense = unpacked > SMALL && unpacked / size.max(1) > MOST_RATIO;
    if unpacked > MOST_BYTES || too_dense || overlap(places, directory.place) {
        return Err(Unfit::ArchiveBomb);
    }
    Ok(entries)
}

/// Whether files lie over each other or over the directory.
fn overlap(mut places: Vec<(u64, u64)>, directory: u64) -> bool {
    places.sort_unstable();
    let ends = places.iter().skip(1).map(|(place, _)| *place).chain([directory]);
    places.iter().zip(ends).any(|((place, length), next)| place.saturating_add(*length) > next)
}

/// The archive's directory.
struct Directory<'a> {
    bytes: &'a [u8],
    files: u64,
    place: u64,
}

impl<'a> Directory<'a> {
    /// Finds it from the mark at the end, behind which only a comment may stand.
    fn find(tail: &'a [u8], size: u64) -> Result<Self, Unfit> {
        let unreadable = Unfit::ArchiveUnreadable;
        let from = tail.len().saturating_sub(END_SIZE + usize::from(u16::MAX));
        let last = tail.len().checked_sub(END_SIZE).ok_or(unreadable)?;
        let fits = |&at: &usize| {
            tail[at..].starts_with(END) && at + END_SIZE + usize::from(u16_at(&tail[at..], 20)) == tail.len()
        };
        let at = (from..=last).rev().find(fits).ok_or(unreadable)?;
        let (end, before) = (&tail[at..], &tail[..at]);
        let (files, length) = (u64::from(u16_at(end, 10)), u64::from(u32_at(end, 12)));
        let place = u64::from(u32_at(end, 16));
        // Zip64 is for more than 65,535 files or 4 GiB, which is more than is taken.
        if files == u64::from(u16::MAX) || place == u64::from(u32::MAX) || length > TAIL as u64 {
            return Err(Unfit::ArchiveBomb);
        }
        let start = usize::try_from(length)
            .ok()
            .and_then(|length| before.len().checked_sub(length))
            .ok_or(unreadable)?;
        let told = size - (tail.len() - start) as u64;
        if told != place || u16_at(end, 4) != 0 || u16_at(end, 8) != u16_at(end, 10) {
            return Err(unreadable);
        }
        Ok(Self { bytes: &before[start..], files, place })
    }
}

/// A file in the directory.
struct Entry<'a> {
    encrypted: bool,
    method: u16,
    packed: u64,
    unpacked: u64,
    place: u64,
    name: &'a [u8],
}

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Unfit> {
        let (fixed, rest) = bytes.split_at_checked(ENTRY_SIZE).ok_or(Unfit::ArchiveUnreadable)?;
        if !fixed.starts_with(ENTRY) {
            return Err(Unfit::ArchiveUnreadable);
        }
        let name = usize::from(u16_at(fixed, 28));
        let more = usize::from(u16_at(fixed, 30)) + usize::from(u16_at(fixed, 32));
        let (name, rest) = rest.split_at_checked(name).ok_or(Unfit::ArchiveUnreadable)?;
        let rest = rest.get(more..).ok_or(Unfit::ArchiveUnreadable)?;
        let entry = Self {
            encrypted: u16_at(fixed, 8) & 1 == 1,
            method: u16_at(fixed, 10),
            packed: u32_at(fixed, 20).into(),
            unpacked: u32_at(fixed, 24).into(),
            place: u32_at(fixed, 42).into(),
            name,
        };
        Ok((entry, rest))
    }

    fn check(&self) -> Result<(), Unfit> {
        if self.encrypted {
            return Err(Unfit::ArchiveEncrypted);
        }
        let all_ones = u64::from(u32::MAX);
        if self.packed == all_ones || self.unpacked == all_ones {
            return Err(Unfit::ArchiveBomb);
        }
        name_fits(self.name)
    }

    /// What was seen where the file begins is what the directory says, and may be in an archive.
    fn check_head(&self, head: Option<Head>) -> Result<(), Unfit> {
        let head = head.ok_or(Unfit::ArchiveUnreadable)?;
        if head.method != self.method || head.packed.is_some_and(|packed| u64::from(packed) != self.packed) {
            return Err(Unfit::ArchiveUnreadable);
        }
        head.check(self.name)
    }
}

/// Whether a file may be in an archive as far as its name tells.
fn name_fits(name: &[u8]) -> Result<(), Unfit> {
    match () {
        () if named(name, ARCHIVES) => Err(Unfit::ArchiveNested),
        () if named(name, PROGRAMS) => Err(Unfit::Executable),
        () => Ok(()),
    }
}

/// Whether a name has one of these endings.
fn named(name: &[u8], endings: &[&str]) -> bool {
    let ending = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default().trim_ascii_end();
    endings.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(ending))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A zip of files, each with its name, packed and unpacked size as the directory tells them.
    pub(crate) fn zip(files: &[(&str, u32, u32)]) -> Vec<u8> {
        let (mut all, mut directory) = (Vec::new(), Vec::new());
        for (name, packed, unpacked) in files {
            let place = u32::try_from(all.len()).unwrap();
            all.extend(local(name, 0, Some(*packed)));
            all.resize(all.len() + usize::try_from((*packed).min(1 << 20)).unwrap(), b'x');
            directory.extend(entry(name, (*packed, *unpacked), place, 0));
        }
        end(all, &directory, u16::try_from(files.len()).unwrap())
    }

    /// A zip of files, each with its name, its bytes, how they are packed (0 as they are, 8 deflated), and whether their
    /// size follows behind them.
    pub(crate) fn zip_of(files: &[(&str, &[u8], u16, bool)]) -> Vec<u8> {
        let (mut all, mut directory) = (Vec::new(), Vec::new());
        for (name, bytes, method, follows) in files {
            let place = u32::try_from(all.len()).unwrap();
            let packed = if *method == 8 { deflated(bytes) } else { bytes.to_vec() };
            let sizes = (u32::try_from(packed.len()).unwrap(), u32::try_from(bytes.len()).unwrap());
            all.extend(local(name, *method, Some(sizes.0).filter(|_| !follows)));
            all.extend(packed);
            if *follows {
                all.extend_from_slice(b"PK\x07\x08\0\0\0\0");
                all.extend([sizes.0, sizes.1].map(u32::to_le_bytes).concat());
            }
            let mut entry = entry(name, sizes, place, if *follows { 8 } else { 0 });
            entry[10..12].copy_from_slice(&method.to_le_bytes());
            directory.extend(entry);
        }
        end(all, &directory, u16::try_from(files.len()).unwrap())
    }

    pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// What stands before a file; without a size, that follows behind.
    fn local(name: &str, method: u16, packed: Option<u32>) -> Vec<u8> {
        let mut local = b"PK\x03\x04".to_vec();
        local.resize(LOCAL_SIZE, 0);
        local[6] = if packed.is_none() { 8 } else { 0 };
        local[8..10].copy_from_slice(&method.to_le_bytes());
        local[18..22].copy_from_slice(&packed.unwrap_or_default().to_le_bytes());
        local[26..28].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        local.extend_from_slice(name.as_bytes());
        local
    }

    fn entry(name: &str, (packed, unpacked): (u32, u32), place: u32, flags: u16) -> Vec<u8> {
        let mut entry = ENTRY.to_vec();
        entry.resize(ENTRY_SIZE, 0);
        entry[8..10].copy_from_slice(&flags.to_le_bytes());
        entry[20..24].copy_from_slice(&packed.to_le_bytes());
        entry[24..28].copy_from_slice(&unpacked.to_le_bytes());
        entry[28..30].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        entry[42..46].copy_from_slice(&place.to_le_bytes());
        entry.extend_from_slice(name.as_bytes());
        entry
    }

    fn end(mut all: Vec<u8>, directory: &[u8], files: u16) -> Vec<u8> {
        let place = u32::try_from(all.len()).unwrap();
        all.extend_from_slice(directory);
        all.extend_from_slice(END);
        all.extend_from_slice(&[0; 4]);
        all.extend_from_slice(&files.to_le_bytes());
        all.extend_from_slice(&files.to_le_bytes());
        all.extend_from_slice(&u32::try_from(directory.len()).unwrap().to_le_bytes());
        all.extend_from_slice(&place.to_le_bytes());
        all.extend_from_slice(&[0; 2]);
        all
    }

    pub(super) fn checked(zip: &[u8]) -> Result<(), Unfit> {
        let mut archive = Archive::default();
        zip.chunks(777).try_for_each(|chunk| archive.push(chunk))?;
        archive.finish(zip.len() as u64)
    }

    #[test]
    fn an_ordinary_archive_is_taken_also_with_a_comment() {
        let mut archive = zip(&[("聊天/1.txt", 30, 300), ("b.jpg", 100, 100)]);
        assert_eq!(checked(&archive), Ok(()));
        let length = archive.len();
        archive[length - 2..].copy_from_slice(&5_u16.to_le_bytes());
        archive.extend_from_slice(b"hello");
        assert_eq!(checked(&archive), Ok(()));
    }

    #[test]
    fn a_bomb_is_known_by_its_sum_its_ratio_its_number_of_files_or_shared_bytes() {
        assert_eq!(
            checked(&zip(&[("a.txt", 900, 1 << 31), ("b.txt", 900, 1 << 31), ("c.txt", 9, 9)])),
            Err(Unfit::ArchiveBomb)
        );
        assert_eq!(checked(&zip(&[("a.txt", 1000, 300 << 20)])), Err(Unfit::ArchiveBomb));
        let many: Vec<_> = (0..5_001).map(|_| ("a", 0, 0)).collect();
        assert_eq!(checked(&zip(&many)), Err(Unfit::ArchiveBomb));
        let shared: Vec<u8> = (0..2).flat_map(|_| entry("a.txt", (1000, 2000), 0, 0)).collect();
        assert_eq!(checked(&end(vec![b'x'; 2000], &shared, 2)), Err(Unfit::ArchiveBomb));
    }

    #[test]
    fn archives_in_archives_programs_and_passwords_are_refused() {
        assert_eq!(checked(&zip(&[("inner.ZIP", 3, 3)])), Err(Unfit::ArchiveNested));
        assert_eq!(checked(&zip(&[("photo.jpg.exe", 3, 3)])), Err(Unfit::Executable));
        assert_eq!(checked(&end(vec![0; 99], &entry("a", (1, 1), 0, 1), 1)), Err(Unfit::ArchiveEncrypted));
    }

    #[test]
    fn an_archive_that_is_cut_or_lies_about_its_directory_does_not_read() {
        let archive = zip(&[("a.txt", 30, 300)]);
        assert_eq!(checked(&archive[..archive.len() - 1]), Err(Unfit::ArchiveUnreadable));
        assert_eq!(checked(b"PK\x03\x04"), Err(Unfit::ArchiveUnreadable));
        let mut shifted = vec![b'x'; 10];
        shifted.extend_from_slice(&archive);
        assert_eq!(checked(&shifted), Err(Unfit::ArchiveUnreadable));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0..400_usize) {
            let _any = checked(&bytes);
            let whole = zip(&[("a.txt", 30, 300), ("b", 1, 1)]);
            bytes.extend_from_slice(&whole[cut.min(whole.len())..]);
            let _any = checked(&bytes);
        }
    }
}
