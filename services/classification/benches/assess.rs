//! How many texts a core assesses: ordinary ones of about 540 bytes, and the longest that are accepted.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use redress_classification::domain::case::Case;
use redress_classification::domain::normalize::Normalizer;
use redress_classification::domain::published;
use redress_classification::domain::simhash::SimHash;
use redress_domain::{Channel, PartyKind};

const TEXT: &str = "我上个月在直播间买了一口炒锅,主播说是三层不粘涂层,煎鸡蛋不用放油,还说用三年不掉。收到以后第一次煎蛋就粘得一塌糊涂,第二个礼拜涂层开始一块一块往下掉,我怕吃进肚子里有害就没再用。联系商家客服,先说是我火开大了,后来干脆不回消息。我申请退货,商家说超过七天不能退,要我出来回运费三十八块。订单号 202603150000123,我花了299元,请平台帮我退货退款,并且查一下这个主播是不是虚假宣传。";

fn assess(c: &mut Criterion) {
    let Ok(rules) = published::rule_set() else { return };
    let case = Case::of_text(TEXT, Channel::App, PartyKind::Consumer);
    let long = Case::of_text(
        TEXT.chars().cycle().take(20_000).collect::<String>(),
        Channel::App,
        PartyKind::Consumer,
    );
    let mut group = c.benchmark_group("texts");
    group.throughput(Throughput::Elements(1));
    group.bench_function("assess 540 bytes", |b| b.iter(|| rules.assess(&case)));
    group.bench_function("assess 20,000 characters", |b| b.iter(|| rules.assess(&long)));
    if let Ok(normalizer) = Normalizer::new() {
        group.bench_function("fingerprint 540 bytes", |b| b.iter(|| SimHash::of(TEXT, &normalizer)));
    }
    group.finish();
}

criterion_group!(benches, assess);
criterion_main!(benches);
