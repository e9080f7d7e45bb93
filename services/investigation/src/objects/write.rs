//! Takes a stream in: hashed, judged and written as it comes, with a few megabytes in memory whatever its size.

use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use object_store::buffered::BufWriter;
use thiserror::Error;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, timeout_at};

use super::{ObjectError, Place};
use crate::domain::evidence::{Content, Unfit};

/// Bytes of one part on its way; S3 wants 5 MiB at least. A smaller file goes in one request.
const PART: usize = 8 << 20;
/// Parts on their way at once: while one is written the next comes in.
const PARTS: usize = 2;

/// What a stream may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes.
    pub most_bytes: u64,
    /// The longest silence.
    pub idle: Duration,
    /// The longest time in all.
    pub total: Duration,
}

/// A file that is there whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

/// Why a stream was not taken. Nothing is left of it.
#[derive(Debug, Error)]
pub enum NotTaken {
    /// It does not fit; so many bytes had come.
    #[error("{0}")]
    Unfit(Unfit, u64),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] ObjectError),
}

/// Writes one file.
pub struct Writer {
    buffered: BufWriter,
    hash: digest::Context,
    size: u64,
    key: String,
}

impl Writer {
    /// A file of `place` under a key that nothing else has.
    pub fn new(place: &Place, key: &str) -> Self {
        let buffered = BufWriter::with_capacity(place.store.clone(), place.path(key), PART);
        Self {
            buffered: buffered.with_max_concurrency(PARTS),
            hash: digest::Context::new(&digest::SHA256),
            size: 0,
            key: key.to_owned(),
        }
    }

    /// The next bytes; waits while the store is behind.
    pub async fn put(&mut self, bytes: Bytes) -> Result<(), ObjectError> {
        self.hash.update(&bytes);
        self.size += bytes.len() as u64;
        self.buffered.put(bytes).await.map_err(|error| ObjectError::of(&self.key, error))
    }

    /// Makes the file be there.
    pub async fn finish(mut self) -> Result<Stored, ObjectError> {
        self.buffered.shutdown().await?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.hash.finish().as_ref());
        Ok(Stored { size: self.size, sha256 })
    }

    /// Gives it up. What cannot be removed now is found later by its pending row.
    pub async fn give_up(mut self) {
        if let Err(error) = self.buffered.abort().await {
            tracing::warn!(error = %error, "a broken upload could not be removed yet");
        }
    }
}

/// Takes a stream in as the file `key`.
///
/// # Errors
/// What is wrong with the stream, at once when it is certain, or with the store; the file is not there then.
pub async fn ingest<S, E>(
    place: &Place,
    key: &str,
    source: S,
    mut content: Content,
    limits: Limits,
) -> Result<Stored, NotTaken>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let mut writer = Writer::new(place, key);
    match taken(&mut writer, source, &mut content, limits).await {
        Ok(()) => {}
        Err(why) => {
            writer.give_up().await;
            return Err(why);
        }
    }
    if let Err(unfit) = content.finish() {
        let size = writer.size;
        writer.give_up().await;
        return Err(NotTaken::Unfit(unfit, size));
    }
    Ok(writer.finish().await?)
}

async fn taken<S, E>(
    writer: &mut Writer,
    mut source: S,
    content: &mut Content,
    limits: Limits,
) -> Result<(), NotTaken>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let end = Instant::now() + limits.total;
    loop {
        let until = end.min(Instant::now() + limits.idle);
        let unfit = |unfit, size| Err(NotTaken::Unfit(unfit, size));
        let bytes = match timeout_at(until, source.next()).await {
            Err(_) => return unfit(Unfit::TooSlow, writer.size),
            Ok(None) => return Ok(()),
            Ok(Some(Err(_))) => return unfit(Unfit::CutShort, writer.size),
            Ok(Some(Ok(bytes))) => bytes,
        };
        let size = writer.size + bytes.len() as u64;
        if size > limits.most_bytes {
            return unfit(Unfit::TooLarge, size);
        }
        if let Err(why) = content.push(&bytes) {
            return unfit(why, size);
        }
        writer.put(bytes).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;

    use super::*;
    use crate::domain::evidence::MediaType;

    const LIMITS: Limits =
        Limits { most_bytes: 100 << 20, idle: Duration::from_secs(30), total: Duration::from_mins(1) };

    fn folder() -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::folder(folder.path().join("files")).unwrap();
        (folder, place)
    }

    fn left(folder: &tempfile::TempDir) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![folder.path().to_owned()];
        while let Some(next) = open.pop() {
            for entry in std::fs::read_dir(next).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    open.push(entry.path());
                } else {
                    found.push(entry.file_name().to_string_lossy().into_owned());
                }
            }
        }
        found
    }

    fn chunks(bytes: &[u8], size: usize) -> Vec<Result<Bytes, Infallible>> {
        bytes.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect()
    }

    #[tokio::test]
    async fn a_file_of_any_size_is_there_with_its_hash() {
        let (folder, place) = folder();
        for (n, size) in [1, 1000, PART - 1, PART, 3 * PART + 17].into_iter().enumerate() {
            let bytes = vec![b'a'; size];
            let key = format!("t/c/{n}");
            let source = stream::iter(chunks(&bytes, 300_000));
            let stored = ingest(&place, &key, source, Content::new(MediaType::Text), LIMITS).await.unwrap();
            let expected = digest::digest(&digest::SHA256, &bytes);
            assert_eq!((stored.size, stored.sha256.as_slice()), (size as u64, expected.as_ref()));
            assert_eq!(place.hash(&key).await.unwrap(), stored);
        }
        assert_eq!(left(&folder).len(), 5);
    }

    #[tokio::test]
    async fn nothing_is_left_of_what_is_refused_or_breaks_off() {
        let (folder, place) = folder();
        let large = vec![b'a'; 2 * PART];
        let cut = chunks(&large, 1 << 20).into_iter().map(|chunk| chunk.map_err(|never| match never {}));
        let cut = stream::iter(cut.chain([Err("gone")]));
        let why = ingest(&place, "t/c/1", cut, Content::new(MediaType::Text), LIMITS).await.unwrap_err();
        assert!(matches!(why, NotTaken::Unfit(Unfit::CutShort, size) if size == 2 * PART as u64), "{why:?}");
        let few = Limits { most_bytes: (PART + 5) as u64, ..LIMITS };
        let source = stream::iter(chunks(&large, 1 << 20));
        let why = ingest(&place, "t/c/2", source, Content::new(MediaType::Text), few).await.unwrap_err();
        assert!(matches!(why, NotTaken::Unfit(Unfit::TooLarge, _)), "{why:?}");
        let source = stream::iter(chunks(&large, 1 << 20));
        let why = ingest(&place, "t/c/3", source, Content::new(MediaType::Pdf), LIMITS).await.unwrap_err();
        assert!(matches!(why, NotTaken::Unfit(Unfit::ContentDiffers, _)), "{why:?}");
        assert_eq!(left(&folder), Vec::<String>::new());
    }

    #[tokio::test]
    async fn who_is_silent_or_dawdles_is_cut_off() {
        let (folder, place) = folder();
        let silent = stream::pending::<Result<Bytes, Infallible>>();
        let short = Limits { idle: Duration::from_millis(20), ..LIMITS };
        let why = ingest(&place, "t/c/1", silent, Content::new(MediaType::Text), short).await.unwrap_err();
        assert!(matches!(why, NotTaken::Unfit(Unfit::TooSlow, 0)), "{why:?}");
        // A peer that sends a byte now and then, for ever.
        let drop_by_drop = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"a")), ()))
        });
        let short = Limits { total: Duration::from_millis(60), ..LIMITS };
        let drops = Box::pin(drop_by_drop);
        let why = ingest(&place, "t/c/2", drops, Content::new(MediaType::Text), short).await.unwrap_err();
        assert!(matches!(why, NotTaken::Unfit(Unfit::TooSlow, _)), "{why:?}");
        assert_eq!(left(&folder), Vec::<String>::new());
    }

    #[tokio::test]
    async fn what_a_killed_process_left_is_removed_by_its_key() {
        let (folder, place) = folder();
        let parent = folder.path().join("files/t/c");
        std::fs::create_dir_all(&parent).unwrap();
        for name in ["1#1", "1#2", "1", "10", "10#1"] {
            std::fs::write(parent.join(name), b"x").unwrap();
        }
        place.remove("t/c/1").await.unwrap();
        place.remove("t/c/1").await.unwrap();
        place.remove("t/nobody/1").await.unwrap();
        let mut left = left(&folder);
        left.sort();
        assert_eq!(left, ["10", "10#1"]);
    }
}
