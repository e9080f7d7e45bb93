//! The services' stores against the outside's ledger: whoever runs the simulator has the databases at hand and looks into
//! them here, and nowhere else. Each number is counted twice, by accounts that know nothing of each other.

mod deadlines;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use redress_proto::types::v1::ComplaintState as State;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};

use crate::connectors::{Connectors, Payment};
use crate::ledger::Book;
pub use deadlines::Counts;
pub use told::Notice;

/// The URL of each service's database.
pub type Databases = BTreeMap<String, String>;

/// What the services have written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stores {
    /// Complaints in intake.
    pub registered: u64,
    /// Of them assessed, in classification.
    pub assessed: u64,
    /// Of them taken up, by intake's history.
    pub admitted: u64,
    /// Of them found out: their investigation is concluded.
    pub concluded: u64,
    /// Not taken up.
    pub refused: u64,
    /// Closed.
    pub closed: u64,
    /// Withdrawn.
    pub withdrawn: u64,
    /// Everything else.
    pub open: u64,
    /// Incidents that were confirmed, in classification.
    pub incidents: u64,
    /// Notices that are with their addressees, in notification.
    pub notices_sent: u64,
    /// Those of them that parties got, each.
    pub notices: Vec<Notice>,
    /// Notices that reached nobody.
    pub undeliverable: u64,
    /// Notices, callbacks among them, that are still to be delivered.
    pub on_their_way: u64,
    /// Remedies that are paid, by whom they should or by the platform first, in resolution.
    pub remedies_paid: u64,
    /// What was paid, by tenant and complaint.
    pub paid: BTreeMap<(String, String), i64>,
    /// Clocks that were stopped in time, in sla. A window, in which a party may act and owes nothing, is none.
    pub deadlines_met: u64,
    /// Clocks that ran out, in sla.
    pub deadlines_missed: u64,
    /// The clocks that were stopped in time, by their definition.
    pub met: Counts,
    /// The clocks that ran out, by their definition.
    pub missed: Counts,
    /// Windows that were used or have lapsed, in sla.
    pub windows_over: u64,
    /// The same three numbers as analytics has heard them.
    pub counted_clocks: (u64, u64, u64),
    /// Events that were set aside, in all services.
    pub parked: u64,
    /// Complaints by analytics.
    pub counted: u64,
}

/// What arrived outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Different notices in the mail server and in the message box.
    pub notices: u64,
    /// Their ids.
    pub ids: BTreeSet<String>,
    /// What the payments' own books say.
    pub payments: Vec<Payment>,
}

impl Arrived {
    /// As the connectors have it.
    pub fn at(connectors: &Connectors) -> Self {
        let mails = connectors.outside.mail.mails();
        let letters: BTreeSet<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
        let messages = connectors.inbox.notices();
        let notices = (letters.len() + messages.len()) as u64;
        // `<notice@domain>`
        let of_letter = |name: &String| Some(name.trim_matches(['<', '>']).split_once('@')?.0.to_owned());
        Self {
            notices,
            ids: letters.iter().filter_map(of_letter).chain(messages).collect(),
            payments: connectors.payments.made(),
        }
    }

    fn paid(&self) -> BTreeMap<(String, String), i64> {
        let mut paid = BTreeMap::new();
        for payment in self.payments.iter().filter(|payment| !payment.reversed) {
            *paid.entry((payment.tenant.clone(), payment.complaint.clone())).or_default() +=
                payment.amount_minor;
        }
        paid
    }
}

impl Stores {
    /// Asks each service's database.
    pub async fn look(databases: &Databases) -> anyhow::Result<Self> {
        let mut found = Self::default();
        let mut states: BTreeMap<String, u64> = BTreeMap::new();
        for (service, url) in databases {
            let mut conn = PgConnection::connect(url)
                .await
                .with_context(|| format!("the database of {service} cannot be reached"))?;
            found.parked += count(&mut conn, "SELECT count(*) FROM parked_event").await?;
            match service.as_str() {
                "intake" => {
                    states = found.intake(&mut conn).await?;
                }
                "classification" => {
                    let assessed = "SELECT count(*) FROM complaint WHERE assessments > 0";
                    found.assessed = count(&mut conn, assessed).await?;
                    let confirmed = "SELECT count(*) FROM incident WHERE state IN ('confirmed', 'handled')";
                    found.incidents = count(&mut conn, confirmed).await?;
                }
                "investigation" => {
                    let concluded = "SELECT count(*) FROM case_file WHERE concluded_at IS NOT NULL";
                    found.concluded = count(&mut conn, concluded).await?;
                }
                "resolution" => found.resolution(&mut conn).await?,
                "notification" => found.notification(&mut conn).await?,
                "sla" => {
                    let met = "state = 'met' AND told->>'breached_at' IS NULL";
                    found.met = deadlines::counted(&mut conn, met).await?;
                    found.deadlines_met = found.met.values().sum();
                    // Also those that ended afterwards, late or because nobody waits any more.
                    let missed = "told->>'breached_at' IS NOT NULL";
                    found.missed = deadlines::counted(&mut conn, missed).await?;
                    found.deadlines_missed = found.missed.values().sum();
                    let over = "SELECT count(*) FROM clock WHERE state IN ('met', 'lapsed')
                                AND (told->>'window')::boolean";
                    found.windows_over = count(&mut conn, over).await?;
                }
                "analytics" => {
                    found.counted = count(&mut conn, "SELECT count(*) FROM fact").await?;
                    let clocks = |states| {
                        format!("SELECT count(*) FROM case_item WHERE kind = 'clock' AND state IN ({states})")
                    };
                    found.counted_clocks = (
                        count(&mut conn, &clocks("'met'")).await?,
                        count(&mut conn, &clocks("'breached', 'met_late'")).await?,
                        count(&mut conn, &clocks("'settled', 'lapsed'")).await?,
                    );
                }
                _ => {}
            }
            conn.close().await?;
        }
        let of = |state: &str| states.get(state).copied().unwrap_or_default();
        (found.refused, found.closed, found.withdrawn) = (of("not_accepted"), of("closed"), of("withdrawn"));
        found.open = found.registered - found.refused - found.closed - found.withdrawn;
        Ok(found)
    }

    async fn intake(&mut self, conn: &mut PgConnection) -> anyhow::Result<BTreeMap<String, u64>> {
        let rows =
            sqlx::query("SELECT state, count(*) AS n FROM complaint GROUP BY state").fetch_all(&mut *conn);
        let mut states = BTreeMap::new();
        for row in rows.await? {
            states.insert(row.try_get("state")?, row.try_get::<i64, _>("n")?.unsigned_abs());
        }
        self.registered = states.values().sum();
        let admitted = "SELECT count(DISTINCT (tenant, complaint_id)) FROM audit_entry
                        WHERE action = 'ComplaintAccepted'";
        self.admitted = count(conn, admitted).await?;
        Ok(states)
    }

    async fn resolution(&mut self, conn: &mut PgConnection) -> anyhow::Result<()> {
        let paid = "SELECT tenant, complaint_id::text AS complaint, count(*) AS n,
                           coalesce(sum(amount_minor), 0)::bigint AS amount
                    FROM remedy WHERE state IN ('confirmed', 'advanced_by_platform')
                    GROUP BY tenant, complaint_id";
        for row in sqlx::query(paid).fetch_all(conn).await? {
            self.remedies_paid += row.try_get::<i64, _>("n")?.unsigned_abs();
            self.paid.insert((row.try_get("tenant")?, row.try_get("complaint")?), row.try_get("amount")?);
        }
        Ok(())
    }

    async fn notification(&mut self, conn: &mut PgConnection) -> anyhow::Result<()> {
        let sent = "SELECT count(*) FROM notice WHERE state IN ('sent', 'delivered', 'read')";
        self.notices_sent = count(conn, sent).await?;
        self.notices = Notice::of_parties(conn).await?;
        self.undeliverable = count(conn, "SELECT count(*) FROM notice WHERE state = 'undeliverable'").await?;
        self.on_their_way = count(conn, "SELECT count(*) FROM delivery").await?;
        Ok(())
    }

    /// What does not agree with the ledger and with what arrived outside, in words.
    pub fn disagreements(&self, book: &Book, arrived: &Arrived) -> Vec<String> {
        let accepted = book.accepted.len() as u64;
        let ended = [State::NotAccepted, State::Closed, State::Withdrawn].map(|state| book.standing(state));
        let paid = arrived.payments.iter().filter(|payment| !payment.reversed).count() as u64;
        let mut found: Vec<String> = [
            ("registered", accepted, self.registered),
            ("assessed", accepted, self.assessed),
            ("counted by analytics", accepted, self.counted),
            ("taken up", book.admitted(), self.admitted),
            ("not taken up", ended[0], self.refused),
            ("closed", ended[1], self.closed),
            ("withdrawn", ended[2], self.withdrawn),
            ("open", accepted.saturating_sub(ended.iter().sum()), self.open),
            ("incidents confirmed", book.incidents_confirmed.len() as u64, self.incidents),
            ("notices with their addressees", arrived.notices, self.notices_sent),
            ("remedies paid", paid, self.remedies_paid),
            ("clocks met, by analytics", self.counted_clocks.0, self.deadlines_met),
            ("clocks missed, by analytics", self.counted_clocks.1, self.deadlines_missed),
            ("windows over, by analytics", self.counted_clocks.2, self.windows_over),
        ]
        .into_iter()
        .filter(|(_, outside, stored)| outside != stored)
        .map(|(what, outside, stored)| format!("{what}: {outside} by the ledger, {stored} in the stores"))
        .collect();
        for (what, count) in [
            ("events are parked", self.parked),
            ("notices reached nobody", self.undeliverable),
            ("notices are still on their way", self.on_their_way),
            ("cases are left behind", book.left_behind()),
        ] {
            if count > 0 {
                found.push(format!("{count} {what}"));
            }
        }
        found.extend(deadlines::disagreements(book, &self.met, &self.missed));
        found.extend(told::untold(book, &self.notices, &arrived.ids));
        // Who was owed what, to the last unit, by three accounts: what was agreed, what resolution has, what was paid.
        let (owed, paid) = (book.owed(), arrived.paid());
        for (account, has) in [("resolution's remedies", &self.paid), ("the payments' books", &paid)] {
            let differs = owed.keys().chain(has.keys()).filter(|case| owed.get(*case) != has.get(*case));
            let differs: BTreeSet<_> = differs.collect();
            found.extend(differs.into_iter().take(5).map(|case| {
                let (due, paid) = (owed.get(case).copied(), has.get(case).copied());
                format!("{}/{}: {due:?} is owed, {paid:?} by {account}", case.0, case.1)
            }));
        }
        found
    }
}

async fn count(conn: &mut PgConnection, query: &str) -> anyhow::Result<u64> {
    let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(conn).await?;
    Ok(count.unsigned_abs())
}

#[cfg(test)]
mod tests;
