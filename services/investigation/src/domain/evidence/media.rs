//! In which forms evidence may come: the media types that are taken, and how their content is recognised.

use redress_domain::coded_enum;

coded_enum! {
    /// A media type that is taken (RFC 6838). Office documents are not: they can be edited and carry macros; their
    /// print as PDF is taken. Nor is HTML or SVG, which carry scripts.
    MediaType {
        /// JPEG.
        Jpeg = "image/jpeg",
        /// PNG.
        Png = "image/png",
        /// WebP.
        Webp = "image/webp",
        /// HEIF, as telephones take photographs.
        Heic = "image/heic",
        /// PDF.
        Pdf = "application/pdf",
        /// MPEG-4 with video.
        Mp4 = "video/mp4",
        /// `QuickTime`.
        QuickTime = "video/quicktime",
        /// `WebM`.
        Webm = "video/webm",
        /// MP3.
        Mp3 = "audio/mpeg",
        /// MPEG-4 with sound alone.
        M4a = "audio/mp4",
        /// WAVE.
        Wav = "audio/wav",
        /// AMR, as telephone systems record.
        Amr = "audio/amr",
        /// Plain text: UTF-8, or another encoding over ASCII such as GB 18030.
        Text = "text/plain",
        /// Comma-separated values.
        Csv = "text/csv",
        /// JSON.
        Json = "application/json",
        /// A zip archive.
        Zip = "application/zip",
    }
}

/// What kind of thing a media type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A picture.
    Image,
    /// A document in pages.
    Document,
    /// A film.
    Video,
    /// A recording.
    Audio,
    /// Characters.
    Text,
    /// Several files in one.
    Archive,
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

impl Class {
    /// The most bytes that a file of the class may have.
    pub const fn limit(self) -> u64 {
        match self {
            Self::Image => 40 * MIB,
            Self::Document => 100 * MIB,
            Self::Video => 4 * GIB,
            Self::Audio => GIB,
            Self::Text => 20 * MIB,
            Self::Archive => 500 * MIB,
        }
    }
}

impl MediaType {
    /// What kind of thing it is.
    pub const fn class(self) -> Class {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Heic => Class::Image,
            Self::Pdf => Class::Document,
            Self::Mp4 | Self::QuickTime | Self::Webm => Class::Video,
            Self::Mp3 | Self::M4a | Self::Wav | Self::Amr => Class::Audio,
            Self::Text | Self::Csv | Self::Json => Class::Text,
            Self::Zip => Class::Archive,
        }
    }

    /// The usual ending of a file's name, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
            Self::Mp4 => "mp4",
            Self::QuickTime => "mov",
            Self::Webm => "webm",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Wav => "wav",
            Self::Amr => "amr",
            Self::Text => "txt",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Zip => "zip",
        }
    }

    /// Whether content that was recognised as `seen` (`infer`'s name for it; `None` for nothing it knows) may be of this
    /// type. Text has no marks of its own: whatever is recognised is something else.
    pub(super) fn agrees_with(self, seen: Option<&str>) -> bool {
        let names: &[&str] = match self {
            Self::Jpeg => &["image/jpeg"],
            Self::Png => &["image/png"],
            Self::Webp => &["image/webp"],
            Self::Heic => &["image/heif", "image/heic"],
            Self::Pdf => &["application/pdf"],
            // The marks of these three overlap: which one it is lies in the tracks, not in the first bytes.
            Self::Mp4 | Self::QuickTime | Self::M4a => {
                &["video/mp4", "video/quicktime", "video/x-m4v", "audio/m4a", "audio/mp4"]
            }
            Self::Webm => &["video/webm", "video/x-matroska"],
            Self::Mp3 => &["audio/mpeg"],
            Self::Wav => &["audio/x-wav", "audio/wav"],
            Self::Amr => &["audio/amr"],
            Self::Zip => &["application/zip"],
            Self::Text | Self::Csv | Self::Json => return seen.is_none(),
        };
        seen.is_some_and(|seen| names.contains(&seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_nothing_else_is_and_everything_else_shows_its_marks() {
        for media in MediaType::ALL {
            assert_eq!(media.agrees_with(None), media.class() == Class::Text, "{media}");
            assert!(!media.agrees_with(Some("application/vnd.microsoft.portable-executable")), "{media}");
        }
        assert!(MediaType::Jpeg.agrees_with(Some("image/jpeg")));
        assert!(!MediaType::Jpeg.agrees_with(Some("image/png")));
    }
}
