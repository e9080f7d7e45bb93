//! The field's own words as enumerations. Codes are stable: they stand in tables and events for years.

use crate::coded_enum;

coded_enum! {
    /// Through which channel a submission arrived (F008–F012, F103–F106).
    Channel {
        /// Chat with customer service.
        Chat = "chat",
        /// Message left in a mailbox of the platform.
        Message = "message",
        /// Structured complaint form.
        Form = "form",
        /// E-mail or letter.
        Mail = "mail",
        /// Telephone.
        Phone = "phone",
        /// The platform's app.
        App = "app",
        /// The page of an order.
        OrderDetail = "order_detail",
        /// A comment in a live room.
        LiveComment = "live_comment",
        /// WeChat service account.
        Wechat = "wechat",
        /// Social media, by monitoring or tagging.
        Social = "social",
        /// A regulator's transfer (for example 12315).
        Regulator = "regulator",
        /// Another third party: media, consumer association, partner.
        ThirdParty = "third_party",
    }
}

coded_enum! {
    /// What a party is in its relation to the platform.
    PartyKind {
        /// A buyer or would-be buyer.
        Consumer = "consumer",
        /// A business on the platform (入驻商家).
        Merchant = "merchant",
        /// A user without a purchase matter.
        User = "user",
        /// Who runs a live room (直播间运营者).
        LiveRoomOperator = "live_room_operator",
        /// Who speaks in it (主播).
        Anchor = "anchor",
        /// The agency of anchors (直播营销人员服务机构).
        Mcn = "mcn",
        /// The platform itself.
        Platform = "platform",
        /// Carrier, courier or warehouse.
        Carrier = "carrier",
        /// Manufacturer or supplier.
        Supplier = "supplier",
        /// A provider of payment services.
        PaymentProvider = "payment_provider",
    }
}

coded_enum! {
    /// What kind of address a contact point is.
    ContactType {
        /// Telephone number.
        Phone = "phone",
        /// E-mail address.
        Email = "email",
        /// The platform's own message box.
        InApp = "in_app",
        /// WeChat identifier.
        Wechat = "wechat",
        /// Postal address.
        Postal = "postal",
    }
}

coded_enum! {
    /// The nine categories of the sources (F053); their codes never change.
    Category {
        /// Product quality.
        Cq01 = "CQ01",
        /// Logistics and delivery.
        Cq02 = "CQ02",
        /// After-sales.
        Cq03 = "CQ03",
        /// Payment and refund.
        Cq04 = "CQ04",
        /// Service.
        Cq05 = "CQ05",
        /// Account security.
        Cq06 = "CQ06",
        /// Misleading promotion.
        Cq07 = "CQ07",
        /// Personal data.
        Cq08 = "CQ08",
        /// Everything else.
        Cq09 = "CQ09",
    }
}

coded_enum! {
    /// How grave a matter is; independent of urgency.
    Severity {
        /// 一般.
        General = "general",
        /// 重大.
        Major = "major",
    }
}

coded_enum! {
    /// Why a matter is urgent; the declared order is the precedence.
    UrgentReason {
        /// Harm or realised danger by a product.
        ProductSafety = "product_safety",
        /// A person under 18 is buyer, payer, contacted or exposed.
        Minor = "minor",
        /// Personal data has reached someone not entitled.
        PrivacyLeak = "privacy_leak",
        /// Money that a freeze could still save.
        FinancialLoss = "financial_loss",
        /// Spreading now, with traction.
        PublicSpread = "public_spread",
    }
}

coded_enum! {
    /// Whether own relief is sought, a violation reported, or both: the law handles the two apart (L01).
    Matter {
        /// 投诉: own relief.
        Dispute = "dispute",
        /// 举报: a violation to be acted on.
        Report = "report",
        /// Both in one submission.
        Both = "both",
    }
}

coded_enum! {
    /// Who brought a complaint in.
    Origin {
        /// A consumer.
        Consumer = "consumer",
        /// A merchant, anchor or agency.
        Merchant = "merchant",
        /// A user without a purchase.
        User = "user",
        /// A regulator's transfer.
        Regulator = "regulator",
        /// A monitored post that was converted.
        Lead = "lead",
    }
}

coded_enum! {
    /// What kind of decider stands behind a decision (architecture: every decision keeps its why).
    DecidedBy {
        /// A person.
        Human = "human",
        /// A published rule.
        Rule = "rule",
        /// A statistical model.
        Model = "model",
    }
}

coded_enum! {
    /// What can be asked for or ordered to put a matter right (domain taxonomy of remedies).
    RemedyKind {
        /// Refund, the goods stay (仅退款).
        RefundOnly = "refund_only",
        /// Refund against return (退货退款).
        ReturnAndRefund = "return_and_refund",
        /// Part of the price back.
        PartialRefund = "partial_refund",
        /// Difference of price back.
        PriceDifference = "price_difference",
        /// Freight back.
        Freight = "freight",
        /// Triple statutory compensation (退一赔三).
        Compensation3x = "compensation_3x",
        /// Tenfold statutory compensation (退一赔十).
        Compensation10x = "compensation_10x",
        /// Compensation as agreed.
        CompensationAgreed = "compensation_agreed",
        /// Exchange of the goods.
        Exchange = "exchange",
        /// Repair.
        Repair = "repair",
        /// Send again.
        Resend = "resend",
        /// Send what is missing.
        CompleteMissing = "complete_missing",
        /// Coupon.
        Coupon = "coupon",
        /// Points.
        Points = "points",
        /// Apology, written or public.
        Apology = "apology",
        /// Explanation.
        Explanation = "explanation",
        /// Account restored.
        RestoreAccount = "restore_account",
        /// Personal data deleted or corrected.
        DataCorrection = "data_correction",
        /// A sanction revoked or reduced.
        RevokeSanction = "revoke_sanction",
        /// A sanction asked for against the other side.
        Sanction = "sanction",
        /// Anything else, told in words.
        Other = "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_back_to_its_member() {
        fn check<T: Copy + PartialEq + std::fmt::Debug + std::str::FromStr>(
            all: &[T],
            code: fn(T) -> &'static str,
        ) where
            T::Err: std::fmt::Debug,
        {
            for &member in all {
                assert_eq!(code(member).parse::<T>().unwrap(), member);
            }
        }
        check(Channel::ALL, Channel::code);
        check(PartyKind::ALL, PartyKind::code);
        check(Category::ALL, Category::code);
        check(RemedyKind::ALL, RemedyKind::code);
        assert!("CQ10".parse::<Category>().is_err());
    }
}
