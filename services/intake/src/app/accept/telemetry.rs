//! What acceptance tells.

use std::sync::LazyLock;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use redress_proto::types::v1::Channel;

static RECEIVED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    opentelemetry::global::meter("redress-intake")
        .u64_counter("redress.complaint.received")
        .with_description("Complaints whose callers have their number in hand.")
        .build()
});

/// A complaint was accepted. Tenants are no attributes: their number has no bound.
pub(super) fn received(channel: Channel) {
    let name = channel.as_str_name().trim_start_matches("CHANNEL_").to_lowercase();
    RECEIVED.add(1, &[KeyValue::new("redress.channel", name)]);
}
