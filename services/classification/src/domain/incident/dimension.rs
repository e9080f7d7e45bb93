use redress_domain::coded_enum;

coded_enum! {
    /// By what complaints may belong together, from the narrowest cause to the widest.
    Dimension {
        /// A live room.
        LiveRoom = "live_room",
        /// An anchor.
        Anchor = "anchor",
        /// A stock keeping unit.
        Sku = "sku",
        /// A merchant.
        Merchant = "merchant",
        /// A carrier.
        Carrier = "carrier",
    }
}

/// The subjects that a submission names; empty texts name none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subjects {
    /// The live room.
    pub live_room: String,
    /// The anchor.
    pub anchor: String,
    /// The stock keeping unit.
    pub sku: String,
    /// The merchant.
    pub merchant: String,
    /// The carrier.
    pub carrier: String,
}

impl Subjects {
    /// The subjects that are named, the narrowest first.
    pub fn named(&self) -> impl Iterator<Item = (Dimension, &str)> {
        [
            (Dimension::LiveRoom, &self.live_room),
            (Dimension::Anchor, &self.anchor),
            (Dimension::Sku, &self.sku),
            (Dimension::Merchant, &self.merchant),
            (Dimension::Carrier, &self.carrier),
        ]
        .into_iter()
        .filter(|(_, subject)| !subject.is_empty())
        .map(|(dimension, subject)| (dimension, subject.as_str()))
    }
}
