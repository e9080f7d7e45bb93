//! Takes place, device, author and hidden previews out of a picture, without decoding it: the parts of the file that carry
//! them are left out, what is seen stays to the bit.

use bytes::Bytes;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};
use img_parts::png::Png;
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::WebP;

use super::MediaType;

/// Parts of a PNG that are needed to show it, moving ones included.
const PNG_PARTS: &[&[u8; 4]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD",
    b"pHYs", b"acTL", b"fcTL", b"fdAT",
];
/// Marks of the optional parts in a WebP's header: EXIF and XMP.
const WEBP_OPTIONAL: u8 = 0b0000_1100;

/// The picture without what is not seen; `None` if it does not read as `media`.
pub fn stripped(media: MediaType, original: Bytes) -> Option<Bytes> {
    match media {
        MediaType::Jpeg => jpeg(original),
        MediaType::Png => png(original),
        MediaType::Webp => webp(original),
        _ => None,
    }
}

fn jpeg(original: Bytes) -> Option<Bytes> {
    let mut picture = Jpeg::from_bytes(original).ok()?;
    let turned = picture.segments().iter().find_map(orientation);
    picture.segments_mut().retain(|segment| is_shown(segment.marker()));
    if let Some(turned) = turned {
        picture.segments_mut().insert(0, JpegSegment::new_with_contents(markers::APP1, turned_by(turned)));
    }
    Some(until_end(&picture.encoder().bytes()))
}

/// All but comments and what applications add, but for the density, the colours and how they are coded.
const fn is_shown(marker: u8) -> bool {
    let application = marker >= markers::APP0 && marker <= markers::APP15;
    let of_use = matches!(marker, markers::APP0 | markers::APP2 | markers::APP14);
    marker != markers::COM && (!application || of_use)
}

/// A telephone held upright writes the picture lying down and says so beside the place and the device: this one number is
/// kept, else every other photograph would lie on its side.
fn orientation(segment: &JpegSegment) -> Option<u16> {
    if segment.marker() != markers::APP1 {
        return None;
    }
    let tiff = segment.contents().strip_prefix(b"Exif\0\0".as_slice())?;
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let two: [u8; 2] = tiff.get(at..at + 2)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    };
    let place: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let place = if little { u32::from_le_bytes(place) } else { u32::from_be_bytes(place) };
    let place = usize::try_from(place).ok().filter(|place| *place < tiff.len())?;
    let entries = usize::from(short(place)?);
    let tag = (0..entries).map(|n| place + 2 + n * 12).find(|at| short(*at) == Some(0x0112))?;
    short(tag + 8).filter(|turned| (2..=8).contains(turned))
}

/// EXIF that says how the picture is turned and nothing else.
fn turned_by(orientation: u16) -> Bytes {
    let [high, low] = orientation.to_be_bytes();
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    exif.extend_from_slice(&[high, low, 0, 0, 0, 0, 0, 0]);
    exif.into()
}

/// Whatever hangs behind the end of the picture is cut off: some telephones keep a film or the unedited picture there.
fn until_end(picture: &Bytes) -> Bytes {
    let scan = picture.windows(2).rposition(|two| two == [0xff, markers::SOS]).unwrap_or(0);
    let end = picture[scan..].windows(2).position(|two| two == [0xff, markers::EOI]);
    end.map_or_else(|| picture.clone(), |end| picture.slice(..scan + end + 2))
}

fn png(original: Bytes) -> Option<Bytes> {
    let mut picture = Png::from_bytes(original).ok()?;
    picture.chunks_mut().retain(|chunk| PNG_PARTS.contains(&&chunk.kind()));
    Some(picture.encoder().bytes())
}

fn webp(original: Bytes) -> Option<Bytes> {
    let mut picture = WebP::from_bytes(original).ok()?;
    picture.remove_chunks_by_id(*b"EXIF");
    picture.remove_chunks_by_id(*b"XMP ");
    if let Some(at) = picture.chunks().iter().position(|chunk| chunk.id() == *b"VP8X") {
        let RiffContent::Data(header) = picture.chunks()[at].content() else { return None };
        let mut header = header.to_vec();
        *header.first_mut()? &= !WEBP_OPTIONAL;
        picture.chunks_mut()[at] = RiffChunk::new(*b"VP8X", RiffContent::Data(header.into()));
    }
    Some(picture.encoder().bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A JPEG with EXIF that holds a place and says that it is turned by a quarter, a comment, and something behind its end.
    fn photograph() -> Vec<u8> {
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
        exif.extend_from_slice(&[0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
        exif.extend_from_slice(&[0x25, 0x88, 4, 0, 1, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0]);
        exif.extend_from_slice(b"N 30.2741 E 120.1551");
        let mut all = vec![0xff, 0xd8];
        for (marker, content) in [
            (0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0".to_vec()),
            (0xe1, exif),
            (0xe1, b"http://ns.adobe.com/xap/1.0/\0<secret/>".to_vec()),
            (0xed, b"Photoshop 3.0\0secret".to_vec()),
            (0xfe, b"secret".to_vec()),
            (0xdb, vec![0; 65]),
        ] {
            all.extend_from_slice(&[0xff, marker]);
            all.extend_from_slice(&u16::try_from(content.len() + 2).unwrap().to_be_bytes());
            all.extend_from_slice(&content);
        }
        all.extend_from_slice(&[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        all.extend_from_slice(b"what is seen \xff\0 and more");
        all.extend_from_slice(&[0xff, 0xd9]);
        all.extend_from_slice(b"ftyp secret film");
        all
    }

    fn holds(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_photograph_keeps_what_is_seen_and_how_it_is_turned() {
        let copy = stripped(MediaType::Jpeg, photograph().into()).unwrap();
        for gone in [b"30.2741".as_slice(), b"secret", b"Photoshop"] {
            assert!(!holds(&copy, gone), "{}", String::from_utf8_lossy(gone));
        }
        for kept in [b"what is seen \xff\0 and more".as_slice(), b"JFIF", &[0xff, 0xd9]] {
            assert!(holds(&copy, kept));
        }
        let again = Jpeg::from_bytes(copy).unwrap();
        assert_eq!(again.segments().iter().find_map(orientation), Some(6));
    }

    #[test]
    fn a_png_keeps_what_is_needed_to_show_it() {
        let chunk = |kind: &[u8; 4], content: &[u8]| {
            let mut all = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
            let mut checked = kind.to_vec();
            checked.extend_from_slice(content);
            let mut sum = crc32fast::Hasher::new();
            sum.update(&checked);
            all.extend_from_slice(&checked);
            all.extend_from_slice(&sum.finalize().to_be_bytes());
            all
        };
        let mut original = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, content) in [
            (b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice()),
            (b"tEXt", b"Author\0secret"),
            (b"eXIf", b"secret"),
            (b"IDAT", b"seen"),
            (b"IEND", b""),
        ] {
            original.extend(chunk(kind, content));
        }
        let copy = stripped(MediaType::Png, original.into()).unwrap();
        assert!(!holds(&copy, b"secret") && holds(&copy, b"seen") && holds(&copy, b"IHDR"));
    }

    #[test]
    fn what_does_not_read_is_not_shown() {
        for media in [MediaType::Jpeg, MediaType::Png, MediaType::Webp, MediaType::Heic] {
            assert_eq!(stripped(media, Bytes::from_static(b"no picture")), None, "{media}");
        }
    }

    proptest! {
        #[test]
        fn no_damage_to_a_picture_is_a_panic(at in 0..300_usize, byte in any::<u8>(), cut in 0..300_usize) {
            let mut damaged = photograph();
            let at = at % damaged.len();
            damaged[at] = byte;
            damaged.truncate(damaged.len().saturating_sub(cut));
            let _any = stripped(MediaType::Jpeg, damaged.into());
        }
    }
}
