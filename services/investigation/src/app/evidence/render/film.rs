//! Copies a film box by box, with its metadata blanked; a few megabytes are in memory, whatever its length.

use aws_lc_rs::digest;
use bytes::{Bytes, BytesMut};

use crate::app::evidence::Files;
use crate::app::evidence::view::altered;
use crate::domain::evidence::film::{HEADER, Handling, MOST_INDEX, TopBox, blank_inside, top_box};
use crate::error::Error;
use crate::objects::{Place, Stored, Writer};
use crate::store::evidence::{Evidence, Pending};

/// Bytes read at once.
const PIECE: u64 = 4 << 20;
/// A film of more boxes at its top is no film that people take.
const MOST_BOXES: usize = 20_000;

/// The copy; none if the film does not read.
pub(super) async fn stripped(
    files: &Files,
    item: &Evidence,
    pending: &Pending,
) -> Result<Option<Stored>, Error> {
    let from = files.objects.at(item.place);
    let mut copying = Copying {
        from,
        item,
        original: digest::Context::new(&digest::SHA256),
        to: Writer::new(files.objects.at(pending.place), &pending.key),
    };
    match copying.all().await {
        Ok(true) if copying.original.clone().finish().as_ref() == item.sha256 => {
            Ok(Some(copying.to.finish().await?))
        }
        outcome => {
            copying.to.give_up().await;
            match outcome {
                Ok(true) => Err(altered()),
                Ok(false) => Ok(None),
                Err(error) => Err(error),
            }
        }
    }
}

struct Copying<'a> {
    from: &'a Place,
    item: &'a Evidence,
    original: digest::Context,
    to: Writer,
}

impl Copying<'_> {
    /// Copies every box. False if there is one that cannot be.
    async fn all(&mut self) -> Result<bool, Error> {
        let (mut at, mut boxes) = (0, 0);
        while at < self.item.size {
            let head = self.read(at, (at + HEADER as u64).min(self.item.size)).await?;
            let Some(next) = top_box(&head, at, self.item.size) else { return Ok(false) };
            boxes += 1;
            if boxes > MOST_BOXES || !self.one(&next).await? {
                return Ok(false);
            }
            at = next.end;
        }
        Ok(true)
    }

    async fn one(&mut self, next: &TopBox) -> Result<bool, Error> {
        let content = next.start + next.header;
        let head = self.read(next.start, content).await?;
        self.original.update(&head);
        match next.handling() {
            Handling::Keep => {
                self.to.put(head).await?;
                self.pieces(content, next.end, false).await?;
            }
            Handling::Blank => {
                let mut head = BytesMut::from(head);
                head[4..8].copy_from_slice(b"free");
                self.to.put(head.freeze()).await?;
                self.pieces(content, next.end, true).await?;
            }
            Handling::Search => {
                if next.end - content > MOST_INDEX {
                    return Ok(false);
                }
                let index = self.read(content, next.end).await?;
                self.original.update(&index);
                let mut index = BytesMut::from(index);
                if !blank_inside(&mut index) {
                    return Ok(false);
                }
                self.to.put(head).await?;
                self.to.put(index.freeze()).await?;
            }
        }
        Ok(true)
    }

    async fn pieces(&mut self, mut at: u64, end: u64, blank: bool) -> Result<(), Error> {
        while at < end {
            let next = end.min(at + PIECE);
            let piece = self.read(at, next).await?;
            self.original.update(&piece);
            let shown = if blank { Bytes::from(vec![0; piece.len()]) } else { piece };
            self.to.put(shown).await?;
            at = next;
        }
        Ok(())
    }

    async fn read(&mut self, from: u64, to: u64) -> Result<Bytes, Error> {
        if from == to {
            return Ok(Bytes::new());
        }
        Ok(self.from.range(&self.item.key, from..to).await?)
    }
}
