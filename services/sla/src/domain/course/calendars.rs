//! Where calendars come from.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::domain::calendar::{Calendar, KNOWN, known};

/// The calendars that a tenant's clocks count in.
pub trait Calendars {
    /// The calendar `id`, of `version`, else the latest.
    fn get(&self, id: &str, version: Option<&str>) -> Option<Arc<Calendar>>;
}

/// The calendars that are compiled in; each has one version.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuiltinCalendars;

impl Calendars for BuiltinCalendars {
    fn get(&self, id: &str, version: Option<&str>) -> Option<Arc<Calendar>> {
        static ALL: LazyLock<BTreeMap<&str, Arc<Calendar>>> = LazyLock::new(|| {
            let one = |id| known(id).map(|calendar| (id, Arc::new(calendar.clone())));
            KNOWN.iter().filter_map(|id| one(*id)).collect()
        });
        ALL.get(id).filter(|calendar| version.is_none_or(|version| version == calendar.version())).cloned()
    }
}
