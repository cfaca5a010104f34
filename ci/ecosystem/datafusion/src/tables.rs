//! The tables, in memory, from a seeded generator.

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, UInt32Array};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;

const ROWS: usize = 1_000_000;
const BATCH: usize = 8192;
const PARTITIONS: usize = 4;
const SHOPS: u32 = 10_000;

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let number = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % end
    }
}

fn sales(random: &mut Random, rows: usize) -> Result<RecordBatch> {
    let keys = (0..rows).map(|_| random.below(u64::from(SHOPS) * 10 / 9) as u32);
    let keys: ArrayRef = Arc::new(UInt32Array::from_iter_values(keys));
    let amounts = (0..rows).map(|_| random.below(2000) as i64 - 1000);
    let amounts: ArrayRef = Arc::new(Int64Array::from_iter_values(amounts));
    let prices = (0..rows).map(|_| random.below(1 << 18) as f64 / 256.0);
    let prices: ArrayRef = Arc::new(Float64Array::from_iter_values(prices));
    let columns = [("key", keys), ("amount", amounts), ("price", prices)];
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn shops(random: &mut Random) -> Result<RecordBatch> {
    let keys: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..SHOPS));
    let regions = (0..SHOPS).map(|_| random.below(100) as u32);
    let regions: ArrayRef = Arc::new(UInt32Array::from_iter_values(regions));
    Ok(RecordBatch::try_from_iter([
        ("shop", keys),
        ("region", regions),
    ])?)
}

/// The tables `sales` and `shops`; and `long`, which has the rows of `sales` a thousand times, but
/// in memory once. A query over it takes minutes.
pub(crate) fn context() -> Result<SessionContext> {
    let config = SessionConfig::new().with_target_partitions(PARTITIONS);
    let context = SessionContext::new_with_config(config);
    let mut random = Random(1);
    let batches = (0..ROWS / BATCH).map(|_| sales(&mut random, BATCH));
    let batches = batches.collect::<Result<Vec<_>>>()?;
    let schema = batches[0].schema();
    for (name, times) in [("sales", 1), ("long", 1000)] {
        let part = |batches: &[RecordBatch]| {
            let copies = std::iter::repeat_n(batches, times);
            copies.flatten().cloned().collect()
        };
        let partitions = batches.chunks(batches.len().div_ceil(PARTITIONS)).map(part);
        let table = MemTable::try_new(schema.clone(), partitions.collect())?;
        context.register_table(name, Arc::new(table))?;
    }
    let shops = shops(&mut random)?;
    let shops = MemTable::try_new(shops.schema(), vec![vec![shops]])?;
    context.register_table("shops", Arc::new(shops))?;
    Ok(context)
}
