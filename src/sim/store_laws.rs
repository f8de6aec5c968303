//! What every store must keep, whoever made it: one suite for all implementations of the door.
//!
//! A law works below a prefix of its own, so the suite runs on any store that does not hold `laws/` yet.
//! Not demanded: that `a` and `a/b` are both objects (a directory cannot), and which of two creates of
//! one key in one batch wins.

use std::future::Future;

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::future::join_all;

use super::entropy::splitmix64;
use crate::ports::{CreateOutcome, Store, StoreError};

type Verdict = Result<(), String>;

const RACERS: usize = 16;
const ROUNDS: usize = 8;
const LARGE_BYTES: usize = 5_000_000;

/// Runs every law. The error names the law that is broken, and how.
pub async fn check(store: &dyn Store) -> Result<(), String> {
    named("what is created is read back", created_is_read_back(store)).await?;
    named("an object is never overwritten", second_create_changes_nothing(store)).await?;
    named("of racing creates one wins", racing_creates_have_one_winner(store)).await?;
    named("a batch answers in order", batch_answers_in_order(store)).await?;
    named("a repeated key in a batch is created once", repeated_key_is_created_once(store)).await?;
    named("a listing is in byte order", listing_is_in_byte_order(store)).await?;
    named("a prefix may end anywhere", prefix_may_end_anywhere(store)).await?;
    named("a range is cut at the end", range_is_cut_at_the_end(store)).await?;
    named("what is absent reads as nothing", absent_reads_as_nothing(store)).await?;
    named("empty and large objects are whole", extremes_are_whole(store)).await?;
    named("a replace is seen at once", replace_is_seen_at_once(store)).await
}

async fn named(law: &str, verdict: impl Future<Output = Verdict>) -> Verdict {
    verdict.await.map_err(|how| format!("law broken: {law}: {how}"))
}

async fn created_is_read_back(store: &dyn Store) -> Verdict {
    for (key, text) in [("laws/back/a", "one"), ("laws/back/event_type=A%2FB/b", "\0\u{1F4A9}\r\n")] {
        expect("create", created(), store.create(key, body(text)).await)?;
        expect("read", Ok(Some(body(text))), store.read(key).await)?;
        let size = store.stat(key).await.map(|found| found.map(|object| (object.key, object.size)));
        expect("stat", Ok(Some((key.to_owned(), text.len() as u64))), size)?;
        expect("list", Ok(vec![key.to_owned()]), keys(store, key).await)?;
    }
    Ok(())
}

async fn second_create_changes_nothing(store: &dyn Store) -> Verdict {
    let key = "laws/once/a";
    expect("create", created(), store.create(key, body("first")).await)?;
    for text in ["second", "first", ""] {
        expect("create again", exists(), store.create(key, body(text)).await)?;
        expect("read", Ok(Some(body("first"))), store.read(key).await)?;
    }
    Ok(())
}

async fn racing_creates_have_one_winner(store: &dyn Store) -> Verdict {
    for round in 0..ROUNDS {
        let key = format!("laws/race/{round}/object");
        let text = |racer: usize| body(&format!("racer {racer} ").repeat(100 + racer));
        let outcomes = join_all((0..RACERS).map(|racer| store.create(&key, text(racer)))).await;
        let winner = only_winner(&outcomes)?;
        expect("the winner's body", Ok(Some(text(winner))), store.read(&key).await)?;
    }
    Ok(())
}

async fn batch_answers_in_order(store: &dyn Store) -> Verdict {
    expect("an empty batch", Ok(0), Ok(store.create_all(Vec::new()).await.len()))?;
    let key = |number: usize| format!("laws/batch/{:02}/{number}", number % 7);
    for number in (0..50).step_by(3) {
        expect("create", created(), store.create(&key(number), body("before")).await)?;
    }
    let batch = (0..50).map(|number| (key(number), body(&format!("batch {number}")))).collect();
    let outcomes = store.create_all(batch).await;
    expect("outcomes", Ok(50), Ok(outcomes.len()))?;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let (wanted, text) = match number % 3 {
            0 => (exists(), "before".to_owned()),
            _ => (created(), format!("batch {number}")),
        };
        expect(&key(number), wanted, outcome)?;
        expect(&key(number), Ok(Some(body(&text))), store.read(&key(number)).await)?;
    }
    Ok(())
}

async fn repeated_key_is_created_once(store: &dyn Store) -> Verdict {
    let batch: Vec<_> = (0..5).map(|number| ("laws/repeated/a".to_owned(), body(&number.to_string()))).collect();
    let outcomes = store.create_all(batch).await;
    let winner = only_winner(&outcomes)?;
    expect("the winner's body", Ok(Some(body(&winner.to_string()))), store.read("laws/repeated/a").await)
}

/// In the byte order of `laws/order/` + name: `%` `-` `.` `/` `0` `=` come in this order.
fn ordered_keys() -> Vec<String> {
    let long = format!("{}/{}", "d".repeat(200), "f".repeat(200));
    let names = [
        "A",
        "a%2Fb",
        "a-",
        "a-b",
        "a-b-c/x",
        "a.b",
        "a/-",
        "a/b",
        "a/b-c",
        "a/b.c/x",
        "a0",
        "aa/a",
        "b=1/t=A%2FB/0",
        "b=1/t=A/0",
        "b=10/t=A/0",
        &long,
        "e ",
        "z",
        "é",
    ];
    names.map(|name| format!("laws/order/{name}")).to_vec()
}

async fn listing_is_in_byte_order(store: &dyn Store) -> Verdict {
    let mut expected = ordered_keys();
    for key in expected.iter().rev() {
        expect(key, created(), store.create(key, body(key)).await)?;
    }
    expected.sort_unstable();
    let listed: Result<Vec<_>, _> = store.list("laws/order/").try_collect().await;
    let listed = listed.map_err(|error| error.to_string())?;
    let wrong_size = listed.iter().find(|object| object.size != object.key.len() as u64);
    expect("sizes", Ok(None), Ok(wrong_size))?;
    expect("keys", Ok(expected), Ok(listed.into_iter().map(|object| object.key).collect()))
}

async fn prefix_may_end_anywhere(store: &dyn Store) -> Verdict {
    let keys_there = ["0001", "0002", "001/a", "001/b/c", "0010", "1"].map(|name| format!("laws/prefix/{name}"));
    for key in &keys_there {
        expect(key, created(), store.create(key, body("x")).await)?;
    }
    let mut sorted = keys_there.to_vec();
    sorted.sort_unstable();
    for prefix in ["", "0", "00", "000", "001", "001/", "001/b", "001/b/c", "001/b/c/", "2", "1", "1/", "001/bb/"] {
        let prefix = format!("laws/prefix/{prefix}");
        let expected = sorted.iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
        expect(&prefix, Ok(expected), keys(store, &prefix).await)?;
    }
    let all = keys(store, "").await.map_err(|error| error.to_string())?;
    expect("the empty prefix shows them too", Ok(true), Ok(sorted.iter().all(|key| all.contains(key))))?;
    expect("a part of a directory's name", Ok(sorted), keys(store, "laws/pre").await)
}

async fn range_is_cut_at_the_end(store: &dyn Store) -> Verdict {
    let key = "laws/range/a";
    expect("create", created(), store.create(key, body("0123456789")).await)?;
    let cases = [
        (0, 10, "0123456789"),
        (0, 4, "0123"),
        (3, 4, "3456"),
        (8, 100, "89"),
        (9, 1, "9"),
        (10, 1, ""),
        (11, 5, ""),
        (0, 0, ""),
        (5, 0, ""),
        (4, u64::MAX, "456789"),
        (u64::MAX, 1, ""),
        (u64::MAX, u64::MAX, ""),
    ];
    for (offset, length, text) in cases {
        let read = store.read_range(key, offset, length).await;
        expect(&format!("{length} from {offset}"), Ok(Some(body(text))), read)?;
    }
    Ok(())
}

async fn absent_reads_as_nothing(store: &dyn Store) -> Verdict {
    expect("create", created(), store.create("laws/absent/there/a", body("x")).await)?;
    for key in ["laws/absent/no", "laws/absent/there", "laws/absent/there/a/b", "laws/nowhere/at/all"] {
        expect(key, Ok(None), store.read(key).await)?;
        expect(key, Ok(None), store.read_range(key, 0, 5).await)?;
        expect(key, Ok(None), store.stat(key).await)?;
    }
    expect("list", Ok(Vec::new()), keys(store, "laws/nowhere/").await)
}

async fn extremes_are_whole(store: &dyn Store) -> Verdict {
    let large: Bytes = (0..LARGE_BYTES.div_ceil(8) as u64).flat_map(|place| splitmix64(place).to_le_bytes()).collect();
    for (key, whole) in [("laws/extreme/empty", Bytes::new()), ("laws/extreme/large", large)] {
        expect("create", created(), store.create(key, whole.clone()).await)?;
        let read = store.read(key).await.map(|found| found.is_some_and(|found| found == whole));
        expect(&format!("{key} is whole"), Ok(true), read)?;
        let size = store.stat(key).await.map(|found| found.map(|object| object.size));
        expect("size", Ok(Some(whole.len() as u64)), size)?;
        expect("create again", exists(), store.create(key, body("x")).await)?;
    }
    Ok(())
}

async fn replace_is_seen_at_once(store: &dyn Store) -> Verdict {
    let key = "laws/replace/latest.json";
    for text in ["first", "second, longer", "3", ""] {
        expect("replace", Ok(()), store.replace(key, body(text)).await)?;
        expect("read", Ok(Some(body(text))), store.read(key).await)?;
        expect("list", Ok(vec![key.to_owned()]), keys(store, "laws/replace/").await)?;
    }
    expect("create", exists(), store.create(key, body("x")).await)
}

fn body(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn created() -> Result<CreateOutcome, StoreError> {
    Ok(CreateOutcome::Created)
}

fn exists() -> Result<CreateOutcome, StoreError> {
    Ok(CreateOutcome::Exists)
}

async fn keys(store: &dyn Store, prefix: &str) -> Result<Vec<String>, StoreError> {
    store.list(prefix).map_ok(|object| object.key).try_collect().await
}

fn expect<T: PartialEq + std::fmt::Debug>(
    what: &str,
    wanted: Result<T, StoreError>,
    found: Result<T, StoreError>,
) -> Verdict {
    match (wanted, found) {
        (Ok(wanted), Ok(found)) if wanted == found => Ok(()),
        (wanted, found) => Err(format!("{what}: expected {wanted:?}, found {found:?}")),
    }
}

fn only_winner(outcomes: &[Result<CreateOutcome, StoreError>]) -> Result<usize, String> {
    let at = |wanted: CreateOutcome| {
        let alike =
            move |(index, outcome): (usize, &Result<_, _>)| matches!(outcome, Ok(o) if *o == wanted).then_some(index);
        outcomes.iter().enumerate().filter_map(alike).collect::<Vec<_>>()
    };
    match (at(CreateOutcome::Created).as_slice(), at(CreateOutcome::Exists).len()) {
        ([winner], losers) if losers + 1 == outcomes.len() => Ok(*winner),
        _ => Err(format!("expected one created and the rest exists, found {outcomes:?}")),
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use futures_util::stream::BoxStream;

    use super::*;
    use crate::ports::ObjectMeta;
    use crate::sim::faulty_store::{FaultSchedule, FaultyStore, StoreFault};
    use crate::sim::memory_store::MemoryStore;

    /// Looks, waits, and then writes: what a store without put-if-absent does.
    struct LookThenWrite(MemoryStore);

    #[async_trait]
    impl Store for LookThenWrite {
        async fn create(&self, key: &str, body: Bytes) -> Result<CreateOutcome, StoreError> {
            if self.0.stat(key).await?.is_some() {
                return Ok(CreateOutcome::Exists);
            }
            tokio::task::yield_now().await;
            self.0.replace(key, body).await.map(|()| CreateOutcome::Created)
        }
        async fn create_all(&self, objects: Vec<(String, Bytes)>) -> Vec<Result<CreateOutcome, StoreError>> {
            self.0.create_all(objects).await
        }
        async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
            self.0.read(key).await
        }
        async fn read_range(&self, key: &str, offset: u64, length: u64) -> Result<Option<Bytes>, StoreError> {
            self.0.read_range(key, offset, length).await
        }
        async fn stat(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
            self.0.stat(key).await
        }
        fn list<'a>(&'a self, prefix: &'a str) -> BoxStream<'a, Result<ObjectMeta, StoreError>> {
            self.0.list(prefix)
        }
        async fn replace(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
            self.0.replace(key, body).await
        }
    }

    #[tokio::test]
    async fn a_store_without_atomic_creates_is_caught() {
        let broken = check(&LookThenWrite(MemoryStore::new())).await.unwrap_err();
        assert!(broken.starts_with("law broken: of racing creates one wins"), "{broken}");
    }

    #[tokio::test]
    async fn a_single_fault_anywhere_that_shows_is_caught() {
        let faultless = FaultyStore::new(MemoryStore::new(), FaultSchedule::none());
        check(&faultless).await.unwrap();
        for number in (0..faultless.operations()).step_by(17) {
            let store = FaultyStore::new(MemoryStore::new(), FaultSchedule::at(number, StoreFault::Unavailable));
            assert!(check(&store).await.is_err(), "operation {number}");
        }
    }
}
