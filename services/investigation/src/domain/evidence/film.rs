//! Takes place, device and author out of an MPEG-4 or `QuickTime` film without decoding it.
//!
//! Such a film is a tree of boxes. The boxes that hold metadata are turned into `free` ones of zeros, which players skip:
//! nothing moves, so the tables of where each frame lies stay right, and only the index of the film has to be in memory.

/// A box at the top of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopBox {
    /// Its four letters.
    pub kind: [u8; 4],
    /// Where it begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// The bytes of its header.
    pub header: u64,
}

/// What is done with a top box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// Nothing.
    Keep,
    /// Its content becomes zeros and its name `free`.
    Blank,
    /// Metadata within it become `free` boxes: see [`blank_inside`].
    Search,
}

/// The largest header of a box.
pub const HEADER: usize = 16;
/// The largest index of a film that is searched; that of many hours is smaller.
pub const MOST_INDEX: u64 = 64 << 20;
/// Metadata, wherever it stands: the user's data, tagged data, extensions (XMP), and the place in the old form.
const METADATA: &[[u8; 4]] =
    &[*b"udta", *b"meta", *b"uuid", *b"loci", *b"keys", *b"ilst", [0xa9, b'x', b'y', b'z']];
/// Boxes that hold boxes.
const BRANCHES: &[[u8; 4]] =
    &[*b"moov", *b"trak", *b"mdia", *b"minf", *b"stbl", *b"edts", *b"mvex", *b"moof", *b"traf"];

/// The box at `start` of a film of `size` bytes, from its first bytes; `None` if there can be none.
pub fn top_box(bytes: &[u8], start: u64, size: u64) -> Option<TopBox> {
    let (length, header, kind) = head(bytes, size.checked_sub(start)?)?;
    Some(TopBox { kind, start, end: start + length, header })
}

impl TopBox {
    /// What is done with it.
    pub fn handling(&self) -> Handling {
        match &self.kind {
            b"moov" | b"moof" => Handling::Search,
            kind if METADATA.contains(kind) => Handling::Blank,
            _ => Handling::Keep,
        }
    }
}

/// Turns metadata boxes within the content of a box into `free` ones. False if the content does not read.
pub fn blank_inside(content: &mut [u8]) -> bool {
    let mut at = 0;
    while at + 8 <= content.len() {
        let Some((length, header, kind)) = head(&content[at..], (content.len() - at) as u64) else {
            return false;
        };
        let (Ok(length), Ok(header)) = (usize::try_from(length), usize::try_from(header)) else {
            return false;
        };
        let end = at + length;
        if METADATA.contains(&kind) {
            content[at + 4..at + 8].copy_from_slice(b"free");
            content[at + header..end].fill(0);
        } else if BRANCHES.contains(&kind) && !blank_inside(&mut content[at + header..end]) {
            return false;
        }
        at = end;
    }
    true
}

/// Length, length of the header, and name of the box that `bytes` begin with, of which `room` bytes are there.
fn head(bytes: &[u8], room: u64) -> Option<(u64, u64, [u8; 4])> {
    let short = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let (length, header) = match short {
        // To the end of the file.
        0 => (room, 8),
        1 => (u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?), 16),
        short => (short.into(), 8),
    };
    (header <= length && length <= room).then_some((length, header, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
        let mut all = u32::try_from(content.len() + 8).unwrap().to_be_bytes().to_vec();
        all.extend_from_slice(&kind);
        all.extend_from_slice(content);
        all
    }

    #[test]
    fn the_place_is_gone_and_nothing_moved() {
        let place = boxed([0xa9, b'x', b'y', b'z'], b"\0\x12\x15\xc7+30.2741+120.1551/");
        let track = boxed(*b"trak", &[boxed(*b"tkhd", b"track"), boxed(*b"udta", b"secret")].concat());
        let content = [boxed(*b"mvhd", b"movie"), track, boxed(*b"udta", &place)].concat();
        let mut blanked = content.clone();
        assert!(blank_inside(&mut blanked));
        assert_eq!(blanked.len(), content.len());
        let text = String::from_utf8_lossy(&blanked).into_owned();
        assert!(!text.contains("30.2741") && !text.contains("secret") && text.contains("movie"));
        assert_eq!(text.matches("free").count(), 2);
    }

    #[test]
    fn the_boxes_at_the_top_are_told_apart() {
        let film = [boxed(*b"ftyp", b"isom"), boxed(*b"moov", b""), boxed(*b"uuid", b"xmp")].concat();
        let size = film.len() as u64;
        let first = top_box(&film, 0, size).unwrap();
        assert_eq!((first.kind, first.end, first.handling()), (*b"ftyp", 12, Handling::Keep));
        let second = top_box(&film[12..], 12, size).unwrap();
        assert_eq!(second.handling(), Handling::Search);
        assert_eq!(top_box(&film[20..], 20, size).unwrap().handling(), Handling::Blank);
        assert_eq!(top_box(&film, 0, 11), None, "longer than the file");
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let length = bytes.len();
            let _any = blank_inside(&mut bytes);
            prop_assert_eq!(bytes.len(), length);
        }
    }
}
