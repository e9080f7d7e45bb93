//! How the files in an archive begin, caught while it streams by: a name says nothing of what is behind it.
//!
//! Where a file lies is known only once the directory has come, at the end. So whatever looks like the beginning of a file
//! is caught, and the directory says later which of them are. Of each a bounded number of bytes is looked at, and only what
//! was seen is kept.

use std::collections::BTreeMap;

use flate2::{Decompress, FlushDecompress, Status};

use super::{LOCAL_SIZE, MOST_FILES, named, u16_at, u32_at};
use crate::domain::evidence::Unfit;
use crate::domain::evidence::content::is_executable;

/// Before each file.
const LOCAL: &[u8; 4] = b"PK\x03\x04";
/// So many bytes of a file are looked at, as they are packed …
const PACKED: usize = 1024;
/// … and so many of what they unpack to: all marks of archives and programs lie within.
const HEAD: usize = 300;
/// The longest ending of a name that is looked at.
const ENDING: usize = 16;
/// Beginnings in an archive at most, real ones and bytes that only look like one.
const MOST: u64 = 3 * MOST_FILES;
/// Not told, or told elsewhere.
const UNTOLD: u32 = u32::MAX;
/// Documents that are zips themselves, and are opened and not unpacked.
const ZIPPED: &[&str] = &["docx", "xlsx", "pptx", "odt", "ods", "odp"];
/// Archives by their content, as `infer` names them; zips are known by their mark alone.
const ARCHIVES: &[&str] = &[
    "application/gzip",
    "application/vnd.bzip3",
    "application/vnd.debian.binary-package",
    "application/vnd.ms-cab-compressed",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/x-bzip2",
    "application/x-compress",
    "application/x-cpio",
    "application/x-google-chrome-extension",
    "application/x-lz4",
    "application/x-lzip",
    "application/x-rpm",
    "application/x-tar",
    "application/x-unix-archive",
    "application/x-xz",
    "application/zstd",
];

/// What was seen at the beginning of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// How it is packed.
    pub(super) method: u16,
    /// Its size as it is packed, where that stands before the file too.
    pub(super) packed: Option<u32>,
    seen: Seen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Fit,
    /// A zip under the name of a document that is one.
    Zipped,
    Unfit(Unfit),
}

impl Head {
    /// Whether the file may lie in an archive under `name`, as the directory calls it.
    pub(super) fn check(self, name: &[u8]) -> Result<(), Unfit> {
        match self.seen {
            Seen::Fit => Ok(()),
            Seen::Zipped if named(name, ZIPPED) => Ok(()),
            Seen::Zipped => Err(Unfit::ArchiveNested),
            Seen::Unfit(unfit) => Err(unfit),
        }
    }
}

/// All beginnings so far.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// How many bytes have come.
    size: u64,
    /// The last three, in which a mark may have begun.
    last: Vec<u8>,
    open: Vec<Catch>,
    caught: BTreeMap<u64, Head>,
    begun: u64,
}

impl Heads {
    /// The next bytes.
    ///
    /// # Errors
    /// If there are too many beginnings to look at.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        for catch in &mut self.open {
            catch.take(bytes);
        }
        let carried = self.last.len();
        let edge = [&self.last[..], &bytes[..bytes.len().min(LOCAL.len() - 1)]].concat();
        for at in marks(&edge).filter(|at| *at < carried) {
            self.begin(self.size - (carried - at) as u64, &[&edge[at..carried], bytes])?;
        }
        for at in marks(bytes) {
            self.begin(self.size + at as u64, &[&bytes[at..]])?;
        }
        self.size += bytes.len() as u64;
        self.last.extend_from_slice(&bytes[bytes.len().saturating_sub(LOCAL.len() - 1)..]);
        self.last.drain(..self.last.len().saturating_sub(LOCAL.len() - 1));
        for catch in self.open.extract_if(.., |catch| catch.is_whole()) {
            self.caught.insert(catch.place, catch.head());
        }
        Ok(())
    }

    /// All of them, by their places, once the archive is complete.
    pub(super) fn finish(mut self) -> BTreeMap<u64, Head> {
        self.caught.extend(self.open.iter().map(|catch| (catch.place, catch.head())));
        self.caught
    }

    fn begin(&mut self, place: u64, parts: &[&[u8]]) -> Result<(), Unfit> {
        self.begun += 1;
        if self.begun > MOST {
            return Err(Unfit::ArchiveBomb);
        }
        let mut catch = Catch::at(place);
        for part in parts {
            catch.take(part);
        }
        self.open.push(catch);
        Ok(())
    }
}

/// Where a mark begins that is there as a whole.
fn marks(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.windows(LOCAL.len()).enumerate().filter(|(_, four)| *four == LOCAL).map(|(at, _)| at)
}

/// A beginning that is being caught.
#[derive(Debug)]
struct Catch {
    place: u64,
    header: Vec<u8>,
    name_seen: usize,
    ending: Vec<u8>,
    extra_seen: usize,
    data: Vec<u8>,
}

impl Catch {
    const fn at(place: u64) -> Self {
        Self { place, header: Vec::new(), name_seen: 0, ending: Vec::new(), extra_seen: 0, data: Vec::new() }
    }

    fn take(&mut self, bytes: &[u8]) {
        let (header, rest) = bytes.split_at(bytes.len().min(LOCAL_SIZE - self.header.len()));
        self.header.extend_from_slice(header);
        if self.header.len() < LOCAL_SIZE {
            return;
        }
        let lengths = [26, 28].map(|at| usize::from(u16_at(&self.header, at)));
        let (name, rest) = rest.split_at(rest.len().min(lengths[0] - self.name_seen));
        self.name_seen += name.len();
        self.ending.extend_from_slice(&name[name.len().saturating_sub(ENDING)..]);
        self.ending.drain(..self.ending.len().saturating_sub(ENDING));
        let (extra, rest) = rest.split_at(rest.len().min(lengths[1] - self.extra_seen));
        self.extra_seen += extra.len();
        // Nothing is left of `rest` unless name and extra fields have come as a whole.
        let wanted = self.wanted() - self.data.len();
        self.data.extend_from_slice(&rest[..rest.len().min(wanted)]);
    }

    /// The size that stands before the file; none where it follows behind, or in an extra field.
    fn packed(&self) -> Option<u32> {
        let follows = u16_at(&self.header, 6) & 8 != 0;
        Some(u32_at(&self.header, 18)).filter(|packed| !follows && *packed != UNTOLD)
    }

    /// How many bytes are looked at: no more than belong to the file.
    fn wanted(&self) -> usize {
        let packed = self.packed().and_then(|packed| usize::try_from(packed).ok());
        packed.map_or(PACKED, |packed| packed.min(PACKED))
    }

    fn is_whole(&self) -> bool {
        let come = (self.header.len(), self.name_seen, self.extra_seen);
        let whole =
            (LOCAL_SIZE, usize::from(u16_at(&self.header, 26)), usize::from(u16_at(&self.header, 28)));
        come == whole && self.data.len() == self.wanted()
    }

    fn head(&self) -> Head {
        let method = u16_at(&self.header, 8);
        let seen = match (super::name_fits(&self.ending), method) {
            (Err(unfit), _) => Seen::Unfit(unfit),
            (Ok(()), 0) => self.judged(&self.data),
            (Ok(()), 8) => match unpacked(&self.data) {
                Some(head) => self.judged(&head),
                None => Seen::Unfit(Unfit::ArchiveUnreadable),
            },
            // What cannot be looked into is not taken.
            (Ok(()), _) => Seen::Unfit(Unfit::ArchiveUnreadable),
        };
        Head { method, packed: self.packed(), seen }
    }

    fn judged(&self, head: &[u8]) -> Seen {
        if head.starts_with(LOCAL) && named(&self.ending, ZIPPED) {
            return Seen::Zipped;
        }
        let is_zip = head.starts_with(b"PK") && matches!(head.get(2..4), Some([3, 4] | [5, 6] | [7, 8]));
        if is_zip || infer::get(head).is_some_and(|kind| ARCHIVES.contains(&kind.mime_type())) {
            return Seen::Unfit(Unfit::ArchiveNested);
        }
        if is_executable(head) { Seen::Unfit(Unfit::Executable) } else { Seen::Fit }
    }
}

/// What deflated bytes begin with. None if they do not read, or hold back for longer than any packer does what they unpack
/// to.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let mut stream = Decompress::new(false);
    loop {
        let count = |total: u64| usize::try_from(total).unwrap_or(usize::MAX);
        let (read, written) = (count(stream.total_in()), count(stream.total_out()));
        let status = stream.decompress(packed.get(read..)?, head.get_mut(written..)?, FlushDecompress::None);
        let (now_read, now_written) = (count(stream.total_in()), count(stream.total_out()));
        if now_written == HEAD || matches!(status, Ok(Status::StreamEnd)) {
            head.truncate(now_written);
            return Some(head);
        }
        if status.is_err() || (now_read, now_written) == (read, written) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{checked, deflated, zip_of};
    use super::*;
    use crate::domain::evidence::MediaType;
    use crate::domain::evidence::content::tests::beginning;

    const PROGRAM: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0";

    fn tar() -> Vec<u8> {
        let mut tar = vec![0; 512];
        tar[..5].copy_from_slice(b"a.txt");
        tar[257..262].copy_from_slice(b"ustar");
        tar
    }

    /// Both as they are and deflated, with and without their size before them.
    fn each_way(name: &str, bytes: &[u8]) -> Vec<Result<(), Unfit>> {
        let long = [bytes, &b"and much more that does not matter ".repeat(200)].concat();
        let all = [(0, false), (0, true), (8, false), (8, true)].map(|(method, follows)| {
            checked(&zip_of(&[("before.txt", b"\xe4\xbd\xa0", 0, false), (name, &long, method, follows)]))
        });
        all.to_vec()
    }

    #[test]
    fn a_program_or_an_archive_under_another_name_is_known_by_how_it_begins() {
        let zip = zip_of(&[("a.txt", b"hello", 0, false)]);
        let script = b"#!/bin/sh\nrm -rf /\n".to_vec();
        for (bytes, unfit) in [
            (PROGRAM.to_vec(), Unfit::Executable),
            (b"MZ\x90\0\x03\0\0\0".to_vec(), Unfit::Executable),
            (script, Unfit::Executable),
            (zip, Unfit::ArchiveNested),
            (b"PK\x05\x06\0\0\0\0".to_vec(), Unfit::ArchiveNested),
            (b"Rar!\x1a\x07\x01\0".to_vec(), Unfit::ArchiveNested),
            (b"\x1f\x8b\x08\0".to_vec(), Unfit::ArchiveNested),
            (b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), Unfit::ArchiveNested),
            (tar(), Unfit::ArchiveNested),
        ] {
            assert_eq!(each_way("a.txt", &bytes), [Err(unfit); 4], "{:?}", &bytes[..4]);
        }
    }

    #[test]
    fn what_evidence_is_made_of_is_taken_and_a_document_that_is_a_zip_under_its_own_name_alone() {
        for &media in MediaType::ALL.iter().filter(|media| **media != MediaType::Zip) {
            assert_eq!(each_way("a.bin", &beginning(media)), [Ok(()); 4], "{media}");
        }
        let document = zip_of(&[("word/document.xml", b"<w:document/>", 8, false)]);
        assert_eq!(each_way("letter.docx", &document), [Ok(()); 4]);
        assert_eq!(each_way("letter.jpg", &document), [Err(Unfit::ArchiveNested); 4]);
    }

    #[test]
    fn an_empty_file_and_a_folder_begin_with_nothing_of_what_comes_next() {
        let files: [(&str, &[u8], u16, bool); 4] = [
            ("folder/", b"", 0, false),
            ("empty.txt", b"", 8, true),
            ("two.txt", b"hi", 0, false),
            ("z.txt", b"z", 8, true),
        ];
        assert_eq!(checked(&zip_of(&files)), Ok(()));
    }

    #[test]
    fn what_the_directory_and_the_file_say_differently_is_refused() {
        let whole = zip_of(&[("a.txt", PROGRAM, 0, false)]);
        let with = |at: usize, byte: u8| {
            let mut changed = whole.clone();
            changed[at] = byte;
            checked(&changed)
        };
        assert_eq!(with(18, 0), Err(Unfit::ArchiveUnreadable), "a size that hides what is there");
        assert_eq!(with(8, 12), Err(Unfit::ArchiveUnreadable), "a packing that is not looked into");
        assert_eq!(
            with(0, b'x'),
            Err(Unfit::ArchiveUnreadable),
            "no beginning where the directory names one"
        );
        // The name before the file is one that programs may go by, too.
        let mut named = zip_of(&[("a.txt", b"hello", 0, false)]);
        named[30..35].copy_from_slice(b"a.exe");
        assert_eq!(checked(&named), Err(Unfit::Executable));
    }

    #[test]
    fn a_beginning_that_is_held_back_behind_empty_blocks_is_refused() {
        let program = deflated(PROGRAM);
        let mut held_back = [0, 0, 0, 0xff, 0xff].repeat(PACKED / 5 + 1);
        assert_eq!(unpacked(&[&held_back[..50], &program].concat()).as_deref(), Some(PROGRAM));
        held_back.extend_from_slice(&program);
        assert_eq!(unpacked(&held_back[..PACKED]), None);
    }

    #[test]
    fn a_mark_is_found_wherever_the_chunks_end_and_too_many_are_a_bomb() {
        let program = zip_of(&[("a.txt", b"hello", 0, false), ("b.txt", PROGRAM, 0, false)]);
        for step in 1..40 {
            let mut heads = Heads::default();
            program.chunks(step).for_each(|chunk| heads.push(chunk).unwrap());
            let caught: Vec<_> = heads.finish().into_values().map(|head| head.check(b"b.txt")).collect();
            assert_eq!(caught, [Ok(()), Err(Unfit::Executable)], "in steps of {step}");
        }
        let mut heads = Heads::default();
        let many = LOCAL.repeat(usize::try_from(MOST).unwrap());
        assert_eq!(heads.push(&many), Ok(()));
        assert_eq!(heads.push(LOCAL), Err(Unfit::ArchiveBomb));
    }
}
