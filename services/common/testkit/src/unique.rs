use std::sync::atomic::{AtomicU32, Ordering};

/// `<pid>x<n>`: no other test of this process, and none of another process that runs now, has the same.
fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A prefix for the topics and consumer groups of one test, `t<pid>x<n>.`.
pub fn topic_prefix() -> String {
    format!("t{}.", unique())
}

/// A name that begins with `prefix`, for anything that tests share a server for: `<prefix>_<pid>x<n>`.
pub fn unique_name(prefix: &str) -> String {
    format!("{prefix}_{}", unique())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_fit_where_they_are_used() {
        let topic = topic_prefix();
        assert_ne!(topic, topic_prefix());
        assert!(topic.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'), "{topic}");
        let name = unique_name("intake");
        assert_ne!(name, unique_name("intake"));
        assert!(name.starts_with("intake_"));
    }
}
