//! Everything that a try needs, for a whole claim at once: one query per table, one record of access, one writing down
//! of new letters.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use redress_domain::{ComplaintId, ContactType, TenantId};
use redress_vault::{Opener, Purpose};
use uuid::Uuid;

use super::Dispatch;
use crate::app::opening;
use crate::app::webhooks::secrets;
use crate::domain::letter::Letter;
use crate::domain::route::{Party, Station, route};
use crate::domain::signature::Secret;
use crate::domain::templates::Facts;
use crate::error::Error;
use crate::store::access;
use crate::store::complaint::{self, Complaint};
use crate::store::delivery::Claimed;
use crate::store::letter::{self, Written};
use crate::store::notice::{self, Notice};
use crate::store::webhook::{self, Webhook};

/// A delivery, ready to be tried.
pub(super) struct Prepared {
    pub(super) claimed: Claimed,
    pub(super) notice: Arc<Notice>,
    pub(super) task: Task,
}

impl Prepared {
    /// The channel that it goes to; none for a callback, and where there is no way.
    pub(super) fn channel(&self) -> Option<ContactType> {
        match &self.task {
            Task::Station { station, .. } => Some(station.address.channel()),
            Task::Callback { .. } | Task::NoWay(_) | Task::Broken => None,
        }
    }
}

/// What is to be done.
pub(super) enum Task {
    /// Hand it to a station of the addressee's route.
    Station {
        /// The station.
        station: Station,
        /// Whether another one comes after it.
        more: bool,
        /// The letter.
        letter: Arc<Letter>,
    },
    /// Send it to a callback address.
    Callback {
        /// Where to.
        url: String,
        /// What its signatures are made with.
        secrets: Vec<Secret>,
        /// The letter.
        letter: Arc<Letter>,
    },
    /// The addressee cannot be reached.
    NoWay(&'static str),
    /// Something on this side does not work; it was logged.
    Broken,
}

/// A notice with its letter, and whom it goes to.
struct Open {
    letter: Arc<Letter>,
    party: Party,
}

type Id = (TenantId, Uuid);

/// What the rows of a claim hold.
struct Loaded {
    notices: HashMap<Id, Arc<Notice>>,
    complaints: HashMap<(TenantId, ComplaintId), Complaint>,
    keys: HashMap<(String, Uuid), Vec<u8>>,
    letters: HashMap<Uuid, Vec<u8>>,
    webhooks: HashMap<Id, Webhook>,
}

impl Dispatch {
    /// What is ready to be tried, and what does not read: rows of another version of this program, which are nobody else's
    /// matter.
    pub(super) async fn prepare(
        &self,
        claimed: Vec<Claimed>,
        now: Timestamp,
    ) -> Result<(Vec<Prepared>, Vec<Claimed>), Error> {
        let loaded = self.load(&claimed, now).await?;
        let open = self.open(&loaded).await?;
        let (mut prepared, mut unreadable) = (Vec::with_capacity(claimed.len()), Vec::new());
        for claimed in claimed {
            // Rows of notices and complaints are never deleted: what is not there does not read.
            let notice = loaded.notices.get(&(claimed.tenant.clone(), claimed.notice)).cloned();
            let reads = |n: &Arc<Notice>| loaded.complaints.contains_key(&(n.tenant.clone(), n.complaint));
            let Some(notice) = notice.filter(reads) else {
                unreadable.push(claimed);
                continue;
            };
            let task = match open.get(&notice.id) {
                None => Task::NoWay("SUBJECT_ERASED"),
                Some(Err(())) => Task::Broken,
                Some(Ok(open)) => match claimed.webhook {
                    None => self.station(&claimed, &notice, open),
                    Some(id) => {
                        let webhook = loaded.webhooks.get(&(claimed.tenant.clone(), id));
                        self.callback(webhook, open, now).await
                    }
                },
            };
            prepared.push(Prepared { claimed, notice, task });
        }
        Ok((prepared, unreadable))
    }

    async fn load(&self, claimed: &[Claimed], now: Timestamp) -> Result<Loaded, Error> {
        let ids: BTreeSet<Id> = claimed.iter().map(|c| (c.tenant.clone(), c.notice)).collect();
        let ids: Vec<Id> = ids.into_iter().collect();
        let mut conn = self.desk.db.pool().acquire().await?;
        let notices = notice::find_readable(&mut conn, &ids).await?;
        let complaints: BTreeSet<_> = notices.iter().map(|n| (n.tenant.clone(), n.complaint)).collect();
        let complaints: Vec<_> = complaints.into_iter().collect();
        let keys = complaint::keys(&mut conn, &complaints).await?;
        let found = complaint::find_readable(&mut conn, &complaints).await?;
        let letters = letter::find(&mut conn, &ids).await?;
        let webhooks: BTreeSet<Id> =
            claimed.iter().filter_map(|c| Some((c.tenant.clone(), c.webhook?))).collect();
        let webhooks = webhook::find(&mut conn, &webhooks.into_iter().collect::<Vec<_>>()).await?;
        // What will be opened is written down first.
        let opened: Vec<_> = complaints
            .into_iter()
            .filter(|(tenant, id)| keys.contains_key(&(tenant.to_string(), *id.as_uuid())))
            .collect();
        access::record(&mut conn, &opened, crate::SOURCE, Purpose::Notification, now).await?;
        Ok(Loaded {
            notices: notices.into_iter().map(|n| ((n.tenant.clone(), n.id), Arc::new(n))).collect(),
            complaints: found.into_iter().map(|c| ((c.tenant.clone(), c.id), c)).collect(),
            keys,
            letters: letters.into_iter().filter_map(|k| Some((k.notice, k.sealed_letter?))).collect(),
            webhooks: webhooks.into_iter().map(|w| ((w.tenant.clone(), w.id), w)).collect(),
        })
    }

    /// Opens what a notice needs, and writes its letter if nobody has. What is erased is absent; what fails is an `Err`.
    async fn open(&self, loaded: &Loaded) -> Result<HashMap<Uuid, Result<Open, ()>>, Error> {
        let mut open = HashMap::with_capacity(loaded.notices.len());
        let mut written = Vec::new();
        for notice in loaded.notices.values() {
            let Some(complaint) = loaded.complaints.get(&(notice.tenant.clone(), notice.complaint)) else {
                continue;
            };
            let key = loaded.keys.get(&(notice.tenant.to_string(), *notice.complaint.as_uuid()));
            let Some(key) = key else { continue };
            let kept = loaded.letters.get(&notice.id).map(Vec::as_slice);
            let opened = self.opened(notice, complaint, key, kept, &mut written).await;
            open.insert(notice.id, tell(notice, opened)?);
        }
        if written.is_empty() {
            return Ok(open);
        }
        let written = Arc::new(written);
        let ours: HashMap<Uuid, Vec<u8>> = written.iter().map(|w| (w.notice, w.sealed.clone())).collect();
        let kept = self
            .desk
            .db
            .run_tx("keep_letters", move |conn| {
                let written = Arc::clone(&written);
                Box::pin(async move { letter::keep(conn, &written).await })
            })
            .await?;
        for kept in kept {
            let theirs = kept.sealed_letter.filter(|sealed| Some(sealed) != ours.get(&kept.notice));
            if let Some(theirs) = theirs {
                self.take_theirs(loaded, &mut open, kept.notice, &theirs).await?;
            }
        }
        Ok(open)
    }

    async fn opened(
        &self,
        notice: &Notice,
        complaint: &Complaint,
        key: &[u8],
        kept: Option<&[u8]>,
        written: &mut Vec<Written>,
    ) -> Result<Open, Error> {
        let vault = &self.desk.vault;
        let purpose = Purpose::Notification;
        let opener = opening::opener(vault, &notice.tenant, notice.complaint, key, purpose).await?;
        let party = opening::party(&opener, complaint, notice)?;
        if let Some(kept) = kept {
            let letter = Arc::new(opening::letter(&opener, notice.id, kept)?);
            return Ok(Open { letter, party });
        }
        let letter = self.write(notice, complaint, &opener, &party)?;
        let sealer = opening::sealer(vault, &notice.tenant, notice.complaint, key).await?;
        written.push(Written {
            tenant: notice.tenant.clone(),
            notice: notice.id,
            template: self.desk.templates.version(notice.kind, notice.locale),
            sealed: opening::sealed_letter(&sealer, notice.id, &letter)?,
            sha256: letter.sha256(),
        });
        Ok(Open { letter: Arc::new(letter), party })
    }

    fn write(
        &self,
        notice: &Notice,
        complaint: &Complaint,
        opener: &Opener,
        party: &Party,
    ) -> Result<Letter, Error> {
        let content = opening::content(opener, notice)?;
        Ok(self.desk.templates.write(&Facts {
            kind: notice.kind,
            locale: notice.locale,
            content: &content,
            role: notice.addressee.role,
            party: notice.addressee.kind,
            name: &party.name,
            complaint_no: &complaint.complaint_no,
            received_at: complaint.received_at,
            queued_at: notice.queued_at,
            profile: self.desk.profiles.of(&notice.tenant),
        })?)
    }

    /// Another worker wrote the letter at the same time, and was faster: the one that is kept goes out.
    async fn take_theirs(
        &self,
        loaded: &Loaded,
        open: &mut HashMap<Uuid, Result<Open, ()>>,
        id: Uuid,
        sealed: &[u8],
    ) -> Result<(), Error> {
        let Some(notice) = loaded.notices.values().find(|notice| notice.id == id) else { return Ok(()) };
        let key = loaded.keys.get(&(notice.tenant.to_string(), *notice.complaint.as_uuid()));
        let (Some(key), Some(Ok(ours))) = (key, open.remove(&id)) else { return Ok(()) };
        let (vault, purpose) = (&self.desk.vault, Purpose::Notification);
        let theirs = async {
            let opener = opening::opener(vault, &notice.tenant, notice.complaint, key, purpose).await?;
            let letter = Arc::new(opening::letter(&opener, id, sealed)?);
            Ok(Open { letter, party: ours.party })
        };
        open.insert(id, tell(notice, theirs.await)?);
        Ok(())
    }

    fn station(&self, claimed: &Claimed, notice: &Notice, open: &Open) -> Task {
        let stations = route(&open.party, notice.addressee.role, self.outlets.channels());
        let mut ahead = stations.into_iter().filter(|station| !claimed.tried.contains(&station.name));
        match ahead.next() {
            None if claimed.tried.is_empty() => Task::NoWay("NO_CHANNEL"),
            None => Task::NoWay("EVERY_CHANNEL_FAILED"),
            Some(station) => {
                Task::Station { station, more: ahead.next().is_some(), letter: Arc::clone(&open.letter) }
            }
        }
    }

    async fn callback(&self, webhook: Option<&Webhook>, open: &Open, now: Timestamp) -> Task {
        // It was removed.
        let Some(webhook) = webhook else { return Task::NoWay("NO_CHANNEL") };
        match secrets(&self.desk.vault, webhook, now).await {
            Ok(secrets) => {
                Task::Callback { url: webhook.url.clone(), secrets, letter: Arc::clone(&open.letter) }
            }
            Err(error) => {
                tracing::error!(%error, webhook = %webhook.id, "a callback's secret does not open");
                Task::Broken
            }
        }
    }
}

/// A failure of one notice, such as a key that is missing, stops no other; a dependency that is away stops them all.
fn tell(notice: &Notice, opened: Result<Open, Error>) -> Result<Result<Open, ()>, Error> {
    use redress_domain::Disposition;
    match opened {
        Ok(open) => Ok(Ok(open)),
        Err(error) if error.kind().disposition() == Disposition::Retry => Err(error),
        Err(error) => {
            tracing::error!(%error, notice = %notice.id, "a notice cannot be written");
            Ok(Err(()))
        }
    }
}
