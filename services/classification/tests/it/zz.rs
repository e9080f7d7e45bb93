use crate::bench::{Bench, Told, from_room, told};
#[tokio::test(flavor = "multi_thread")]
async fn timing() {
    let bench = Bench::new().await;
    let mut batches = Vec::new();
    for b in 0..12_u128 {
        let mut batch = Vec::new();
        for n in 0..500 {
            let id = b * 500 + n + 1;
            batch.push(bench.registered(Told { who: format!("p{id}").leak(), submission: from_room("主播在直播间说这个包是头层牛皮,收到一看是人造革,这是虚假宣传,我要退货退款。", "room-1", &format!("T-{id}")), ..told(id, "") }).await);
        }
        batches.push(batch);
    }
    for batch in &batches[..8] {
        let t = tokio::time::Instant::now();
        bench.apply(batch).await.unwrap();
        eprintln!("first time {:?}", t.elapsed());
    }
    let t = tokio::time::Instant::now();
    let (a, b, c, d) = tokio::join!(bench.apply(&batches[8]), bench.apply(&batches[9]), bench.apply(&batches[10]), bench.apply(&batches[11]));
    a.and(b).and(c).and(d).unwrap();
    eprintln!("4 at once {:?}", t.elapsed());
    let rows: Vec<(String, f64, i64)> = sqlx::query_as("select left(query,60), total_exec_time, calls from pg_stat_statements order by 2 desc limit 12").fetch_all(bench.db.pool()).await.unwrap_or_default();
    for r in rows { eprintln!("{r:?}"); }
    for batch in &batches[..2] {
        let mut tx = bench.db.pool().begin().await.unwrap();
        let t = tokio::time::Instant::now();
        sqlx::query("explain analyze select 1").fetch_all(&mut *tx).await.unwrap();
        let _ = (batch.len(), t);
    }
}
