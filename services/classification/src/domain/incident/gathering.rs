//! One batch of complaints meeting the rates and open incidents of their subjects.

use std::collections::BTreeMap;

use redress_domain::{Category, TenantId};
use uuid::Uuid;

use super::{Dimension, Evidence, Rate, Subjects, WINDOW};

/// Bits in which two texts may differ and still be near.
const NEAR: u32 = 8;
/// Hashes of first members that an incident keeps.
const EXEMPLARS: usize = 8;
/// An incident that nobody has joined for this long takes nobody up any more.
pub const QUIET_MINUTES: i64 = 120;

/// A subject with a matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RateKey {
    /// The tenant.
    pub tenant: TenantId,
    /// What kind of subject.
    pub dimension: Dimension,
    /// The subject.
    pub subject: String,
    /// The category.
    pub category: Category,
    /// The sub-category; empty if none was found.
    pub sub_category: String,
}

/// A complaint, as far as incidents depend on it.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// Its id.
    pub id: Uuid,
    /// The tenant.
    pub tenant: TenantId,
    /// Minute of receipt, since 1970 UTC.
    pub minute: i64,
    /// The subjects.
    pub subjects: Subjects,
    /// The category.
    pub category: Category,
    /// The sub-category; empty if none was found.
    pub sub_category: String,
    /// Similarity hash of its text.
    pub text_hash: Option<u64>,
}

impl Complaint {
    /// The rates it counts in, the narrowest first.
    pub fn keys(&self) -> impl Iterator<Item = RateKey> {
        self.subjects.named().map(|(dimension, subject)| RateKey {
            tenant: self.tenant.clone(),
            dimension,
            subject: subject.to_owned(),
            category: self.category,
            sub_category: self.sub_category.clone(),
        })
    }
}

/// An incident that takes complaints up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub key: RateKey,
    /// Minute in which the complaint was received that made it visible.
    pub opened_minute: i64,
    /// Minute in which its last member was received.
    pub last_minute: i64,
    /// Similarity hashes of its first members.
    pub exemplars: Vec<u64>,
}

impl Incident {
    fn takes(&self, complaint: &Complaint, dimension: Dimension, subject: &str) -> bool {
        let here = self.key.dimension == dimension
            && self.key.subject == subject
            && self.key.tenant == complaint.tenant
            && complaint.minute - self.last_minute <= QUIET_MINUTES
            // What comes late and was received before the window is older than the cause.
            && self.opened_minute - complaint.minute < WINDOW;
        let labelled =
            self.key.category == complaint.category && self.key.sub_category == complaint.sub_category;
        let near = |hash: u64| self.exemplars.iter().any(|other| (other ^ hash).count_ones() <= NEAR);
        here && (labelled || complaint.text_hash.is_some_and(near))
    }

    fn join(&mut self, complaint: &Complaint) {
        self.last_minute = self.last_minute.max(complaint.minute);
        if let Some(hash) = complaint.text_hash
            && self.exemplars.len() < EXEMPLARS
            && !self.exemplars.contains(&hash)
        {
            self.exemplars.push(hash);
        }
    }
}

/// An incident that a complaint made visible.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The incident's id.
    pub incident: Uuid,
    /// The numbers.
    pub evidence: Evidence,
    /// The last complaints of the window, oldest first; the one that made it visible is the last. A busy subject's window
    /// has more, which the caller reads and gives to [`Gathering::explained`].
    pub members: Vec<Uuid>,
    /// The latest minute of the window.
    pub until_minute: i64,
}

/// Where a complaint went.
#[derive(Debug, Clone, PartialEq)]
pub enum Placed {
    /// Into an open incident.
    Joined(Uuid),
    /// It made an incident visible.
    Opened(Opened),
    /// It was counted.
    Counted,
}

/// The rates and open incidents of all subjects that a batch names. What is placed changes them; where the batch was
/// cut makes no difference.
#[derive(Debug, Default)]
pub struct Gathering {
    /// The rates; one that is missing is new.
    pub rates: BTreeMap<RateKey, Rate>,
    /// The incidents that take complaints up, oldest first.
    pub incidents: Vec<Incident>,
}

impl Gathering {
    /// Places the next complaint. `new_id` names an incident by what it is about and the complaint that showed it.
    pub fn place(&mut self, complaint: &Complaint, new_id: impl Fn(&RateKey, Uuid) -> Uuid) -> Placed {
        if let Some(incident) = self.joins(complaint) {
            return Placed::Joined(incident);
        }
        let mut counted = Vec::new();
        for key in complaint.keys() {
            if self.rates.entry(key.clone()).or_default().count(complaint.minute, complaint.id) {
                counted.push(key);
            }
        }
        let Some((key, evidence)) = self.exceeded(counted) else { return Placed::Counted };
        let rate = self.rates.entry(key.clone()).or_default();
        let until_minute = rate.minute;
        let window = rate.take();
        for other in complaint.keys().filter(|other| *other != key) {
            self.rates.entry(other).or_default().forget(&window);
        }
        let id = new_id(&key, complaint.id);
        self.incidents.push(Incident {
            id,
            key,
            opened_minute: complaint.minute,
            last_minute: complaint.minute,
            exemplars: complaint.text_hash.into_iter().collect(),
        });
        let members = window.into_iter().map(|(member, _)| member).collect();
        Placed::Opened(Opened { incident: id, evidence, members, until_minute })
    }

    /// Takes further complaints of the window of an incident out of the windows of the other subjects of `complaint`, which
    /// made it visible: minute and subjects of each.
    pub fn explained(&mut self, complaint: &Complaint, incident: &RateKey, further: &[(i64, Subjects)]) {
        for key in complaint.keys().filter(|key| key != incident) {
            let shares = |subjects: &Subjects| {
                subjects
                    .named()
                    .any(|(dimension, subject)| dimension == key.dimension && subject == key.subject)
            };
            let minutes: Vec<i64> =
                further.iter().filter(|(_, subjects)| shares(subjects)).map(|(minute, _)| *minute).collect();
            if let Some(rate) = self.rates.get_mut(&key) {
                rate.forget_minutes(minutes);
            }
        }
    }

    fn joins(&mut self, complaint: &Complaint) -> Option<Uuid> {
        for (dimension, subject) in complaint.subjects.named() {
            let open = self.incidents.iter_mut().find(|open| open.takes(complaint, dimension, subject));
            if let Some(incident) = open {
                incident.join(complaint);
                return Some(incident.id);
            }
        }
        None
    }

    fn exceeded(&self, counted: Vec<RateKey>) -> Option<(RateKey, Evidence)> {
        counted.into_iter().find_map(|key| {
            let evidence = self.rates.get(&key)?.evidence()?;
            Some((key, evidence))
        })
    }
}
