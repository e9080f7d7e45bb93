//! What `/proc` says of processes.

use std::fs;

use rustix::process::Pid;

/// State letter and parent of a process.
fn state_and_parent(pid: &str) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything, so begin after the last bracket.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether the process runs; one that has ended and was not reaped yet does not.
pub(crate) fn is_running(pid: Pid) -> bool {
    state_and_parent(&pid.to_string()).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// The direct children of a process.
pub(crate) fn children(of: Pid) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(|first: char| first.is_ascii_digit()))
        .filter(|name| state_and_parent(name).is_some_and(|(_, parent)| parent == of.as_raw_nonzero().get()))
        .filter_map(|name| Pid::from_raw(name.parse().ok()?))
        .collect()
}
