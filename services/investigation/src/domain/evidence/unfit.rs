//! Why a file is not taken as evidence.

use redress_domain::coded_enum;

coded_enum! {
    /// A file that is not taken. The code is the reason that its sender is told and that is kept of it.
    Unfit {
        /// The type does not come from this side.
        ProviderNotAllowed = "EVIDENCE_PROVIDER_NOT_ALLOWED",
        /// The type does not have this form.
        MediaTypeNotAllowed = "EVIDENCE_MEDIA_TYPE_NOT_ALLOWED",
        /// More bytes than allowed.
        TooLarge = "EVIDENCE_TOO_LARGE",
        /// No bytes.
        Empty = "EVIDENCE_EMPTY",
        /// Not as many bytes as was said.
        SizeDiffers = "EVIDENCE_SIZE_DIFFERS",
        /// Another hash than was said.
        HashDiffers = "EVIDENCE_HASH_DIFFERS",
        /// The content is not of the media type that was said.
        ContentDiffers = "EVIDENCE_CONTENT_DIFFERS",
        /// A program or a script.
        Executable = "EVIDENCE_EXECUTABLE",
        /// An archive whose directory does not read.
        ArchiveUnreadable = "EVIDENCE_ARCHIVE_UNREADABLE",
        /// An archive that would become too large or too many files.
        ArchiveBomb = "EVIDENCE_ARCHIVE_BOMB",
        /// An archive within an archive.
        ArchiveNested = "EVIDENCE_ARCHIVE_NESTED",
        /// An archive that cannot be looked into without a password.
        ArchiveEncrypted = "EVIDENCE_ARCHIVE_ENCRYPTED",
        /// The stream broke off.
        CutShort = "EVIDENCE_CUT_SHORT",
        /// Nothing came for too long, or it took too long in all.
        TooSlow = "EVIDENCE_TOO_SLOW",
    }
}

impl Unfit {
    /// A sentence for people.
    pub const fn message(self) -> &'static str {
        match self {
            Self::ProviderNotAllowed => "evidence of this type does not come from this side",
            Self::MediaTypeNotAllowed => "evidence of this type does not have this form",
            Self::TooLarge => "the file is larger than allowed or said",
            Self::Empty => "the file is empty",
            Self::SizeDiffers => "the file has not the size that was said",
            Self::HashDiffers => "the file has not the hash that was said",
            Self::ContentDiffers => "the content is not of the media type that was said",
            Self::Executable => "programs and scripts are not taken",
            Self::ArchiveUnreadable => "the archive's directory does not read",
            Self::ArchiveBomb => "the archive would unpack to too much",
            Self::ArchiveNested => "the archive holds another archive",
            Self::ArchiveEncrypted => "the archive is encrypted",
            Self::CutShort => "the stream broke off",
            Self::TooSlow => "the file took too long",
        }
    }

    /// What would be taken.
    pub const fn satisfied_by(self) -> &'static str {
        match self {
            Self::ProviderNotAllowed => "a type that this side may bring",
            Self::MediaTypeNotAllowed => "another media type",
            Self::TooLarge => "a smaller file",
            Self::Empty | Self::CutShort | Self::SizeDiffers | Self::HashDiffers => "the whole file",
            Self::ContentDiffers => "the media type of the content",
            Self::Executable => "a file that does nothing",
            Self::ArchiveUnreadable => "a whole zip archive",
            Self::ArchiveBomb => "fewer or smaller files in the archive",
            Self::ArchiveNested => "the inner archive's files themselves",
            Self::ArchiveEncrypted => "an archive without a password",
            Self::TooSlow => "a faster or shorter upload",
        }
    }
}
