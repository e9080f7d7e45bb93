use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

/// Headers in order; a name may repeat, the first counts.
pub type Headers = Vec<(String, Vec<u8>)>;

/// A record as read, owned.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Topic, without the installation's prefix.
    pub topic: Arc<str>,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// When it was written, by the producer's clock; to the millisecond.
    pub timestamp: Timestamp,
    /// Key; may be absent on topics of others.
    pub key: Option<Vec<u8>>,
    /// Headers.
    pub headers: Headers,
    /// Value; absent values read as empty.
    pub payload: Vec<u8>,
}

impl Record {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    /// Bytes that it occupies, about.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.payload.len() + headers + self.key.as_ref().map_or(0, Vec::len) + 64
    }
}

/// Shows where the record lies, and nothing that it holds.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({}/{}@{}, {} bytes)", self.topic, self.partition, self.offset, self.payload.len())
    }
}

/// A record to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Topic, without the installation's prefix.
    pub topic: Cow<'static, str>,
    /// Key: decides the partition; carries no personal data.
    pub key: String,
    /// Headers, as made by [`EventMeta::to_headers`](crate::EventMeta::to_headers).
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Value.
    pub payload: Vec<u8>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outgoing({}, {} bytes)", self.topic, self.payload.len())
    }
}
