//! Whether content is what it is said to be, judged while it streams by.
//!
//! The first bytes tell what most files are; text has no marks, so all of it is looked at; an archive tells what it
//! holds in its last bytes and in how its files begin, of which a bounded number is kept. Nothing else is unpacked or
//! decoded here.

use super::archive;
use super::media::Class;
use super::{MediaType, Unfit};

/// So many first bytes are looked at; all marks lie within.
const HEAD: usize = 4096;
/// Beginnings of programs. `infer` knows them by their whole header; systems try to run them by these alone.
const PROGRAMS: &[&[u8]] = &[b"MZ", b"\x7fELF"];
/// Beginnings of scripts that have no mark of their own, in lower case.
const SCRIPTS: &[&[u8]] =
    &[b"#!/", b"#! ", b"<?php", b"<script", b"<!doctype html", b"<html", b"<svg", b"@echo off"];

/// Judges one file.
#[derive(Debug)]
pub struct Content {
    media: MediaType,
    head: Vec<u8>,
    judged: bool,
    archive: archive::Archive,
    size: u64,
}

impl Content {
    /// A file that is said to be of type `media`.
    pub fn new(media: MediaType) -> Self {
        let archive = archive::Archive::default();
        Self { media, head: Vec::with_capacity(HEAD), judged: false, archive, size: 0 }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// As soon as it is certain that the file does not fit.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        self.size += bytes.len() as u64;
        if self.head.len() < HEAD {
            let wanted = bytes.len().min(HEAD - self.head.len());
            self.head.extend_from_slice(&bytes[..wanted]);
        }
        if self.head.len() == HEAD && !self.judged {
            self.judge_head()?;
        }
        match self.media.class() {
            Class::Text if !bytes.iter().copied().all(is_of_text) => {
                Err(if is_executable(&self.head) { Unfit::Executable } else { Unfit::ContentDiffers })
            }
            Class::Archive => self.archive.push(bytes),
            _ => Ok(()),
        }
    }

    /// The file is complete.
    ///
    /// # Errors
    /// If it does not fit.
    pub fn finish(mut self) -> Result<(), Unfit> {
        if self.size == 0 {
            return Err(Unfit::Empty);
        }
        if !self.judged {
            self.judge_head()?;
        }
        if self.media.class() == Class::Archive {
            return self.archive.finish(self.size);
        }
        Ok(())
    }

    fn judge_head(&mut self) -> Result<(), Unfit> {
        self.judged = true;
        if is_executable(&self.head) {
            return Err(Unfit::Executable);
        }
        let seen = infer::get(&self.head).map(|kind| kind.mime_type());
        if self.media.agrees_with(seen) { Ok(()) } else { Err(Unfit::ContentDiffers) }
    }
}

/// Programs for any system, byte code, and scripts.
pub(super) fn is_executable(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let begins = |script: &&[u8]| text.get(..script.len()).is_some_and(|b| b.eq_ignore_ascii_case(script));
    PROGRAMS.iter().any(|program| head.starts_with(program))
        || infer::is_app(head)
        || SCRIPTS.iter().any(begins)
}

/// Whether a byte occurs in text of an encoding over ASCII: no NUL and no control characters but for white space and the
/// escape of terminals.
const fn is_of_text(byte: u8) -> bool {
    byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn judged(media: MediaType, bytes: &[u8], step: usize) -> Result<(), Unfit> {
        let mut content = Content::new(media);
        for chunk in bytes.chunks(step.max(1)) {
            content.push(chunk)?;
        }
        content.finish()
    }

    /// The beginning of a file of each type that has marks.
    pub(crate) fn beginning(media: MediaType) -> Vec<u8> {
        match media {
            MediaType::Jpeg => b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec(),
            MediaType::Png => b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
            MediaType::Webp => b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(),
            MediaType::Heic => b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(),
            MediaType::Pdf => b"%PDF-1.7\n".to_vec(),
            MediaType::Mp4 => b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec(),
            MediaType::QuickTime => b"\0\0\0\x14ftypqt  \0\0\x02\0qt  ".to_vec(),
            MediaType::Webm => {
                [b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm".as_slice(), &[0; 300]].concat()
            }
            MediaType::Mp3 => b"ID3\x04\0\0\0\0\0\0".to_vec(),
            MediaType::M4a => b"\0\0\0\x18ftypM4A \0\0\x02\0M4A mp42".to_vec(),
            MediaType::Wav => b"RIFF\x24\0\0\0WAVEfmt ".to_vec(),
            MediaType::Amr => b"#!AMR\n\x3c\x91\x17\x16\xbe\x66".to_vec(),
            MediaType::Text => "客服:今天发货".as_bytes().to_vec(),
            MediaType::Csv => b"time,event\n".to_vec(),
            MediaType::Json => b"{\"order\":1}".to_vec(),
            MediaType::Zip => archive::tests::zip(&[("a.txt", 3, 3)]),
        }
    }

    #[test]
    fn each_type_is_recognised_as_itself_whatever_the_chunks() {
        for &media in MediaType::ALL {
            for step in [1, 7, 5000] {
                assert_eq!(judged(media, &beginning(media), step), Ok(()), "{media} in steps of {step}");
            }
        }
    }

    #[test]
    fn content_of_another_type_is_refused() {
        for (said, is) in [
            (MediaType::Jpeg, MediaType::Png),
            (MediaType::Pdf, MediaType::Text),
            (MediaType::Text, MediaType::Jpeg),
            (MediaType::Mp4, MediaType::Mp3),
            (MediaType::Zip, MediaType::Pdf),
        ] {
            assert_eq!(judged(said, &beginning(is), 64), Err(Unfit::ContentDiffers), "{is} as {said}");
        }
        let mut late = b"one line\n".repeat(1000);
        late.push(0);
        assert_eq!(judged(MediaType::Text, &late, 512), Err(Unfit::ContentDiffers));
    }

    #[test]
    fn programs_and_scripts_are_refused_as_whatever_they_come() {
        let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0".repeat(4);
        let windows = b"MZ\x90\0\x03\0\0\0\x04\0".to_vec();
        let script = b"#!/bin/sh\nrm -rf /\n".to_vec();
        let page = b"\xef\xbb\xbf \n<HTML><script>x()</script>".to_vec();
        for program in [&elf, &windows, &script, &page] {
            for &media in MediaType::ALL {
                assert_eq!(judged(media, program, 16), Err(Unfit::Executable), "as {media}");
            }
        }
    }

    #[test]
    fn nothing_is_no_file() {
        assert_eq!(judged(MediaType::Text, b"", 1), Err(Unfit::Empty));
    }

    #[test]
    fn a_mismatch_is_told_before_the_whole_file_has_come() {
        let mut content = Content::new(MediaType::Jpeg);
        assert_eq!(content.push(&[b'a'; HEAD]), Err(Unfit::ContentDiffers));
    }
}
