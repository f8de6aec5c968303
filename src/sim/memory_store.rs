//! A store in memory, linearizable: every call takes effect at one moment.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::ports::{CreateOutcome, ObjectMeta, Store, StoreError};

/// A [`Store`] in memory. Clones share the objects, as processes share a bucket.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
}

impl MemoryStore {
    /// A store with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that holds exactly `objects`; with [`MemoryStore::objects`], a copy that goes its own way.
    pub fn from_objects(objects: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        Self { objects: Arc::new(Mutex::new(objects.into_iter().collect())) }
    }

    /// Every key, ascending.
    pub fn keys(&self) -> Vec<String> {
        self.guard().keys().cloned().collect()
    }

    /// Every object as it is now.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.guard().clone()
    }

    /// Writes over an object or adds one, as an attacker or a broken disk would.
    pub fn tamper(&self, key: &str, body: impl Into<Bytes>) {
        self.guard().insert(key.to_owned(), body.into());
    }

    /// Takes an object away, as an attacker or a lifecycle rule would, and returns it.
    pub fn remove(&self, key: &str) -> Option<Bytes> {
        self.guard().remove(key)
    }

    fn guard(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is listed after `after`, at most `limit` objects.
    fn listed_after(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<ObjectMeta> {
        let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
        self.guard()
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, body)| ObjectMeta { key: key.clone(), size: body.len() as u64 })
            .collect()
    }
}

/// Objects in one page of a listing, as S3 has it.
const LIST_PAGE: usize = 1000;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for MemoryStore {
    async fn create(&self, key: &str, body: Bytes) -> Result<CreateOutcome, StoreError> {
        let mut objects = self.guard();
        if objects.contains_key(key) {
            return Ok(CreateOutcome::Exists);
        }
        objects.insert(key.to_owned(), body);
        Ok(CreateOutcome::Created)
    }

    async fn create_all(&self, objects: Vec<(String, Bytes)>) -> Vec<Result<CreateOutcome, StoreError>> {
        let mut outcomes = Vec::with_capacity(objects.len());
        for (key, body) in objects {
            outcomes.push(self.create(&key, body).await);
        }
        outcomes
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.guard().get(key).cloned())
    }

    async fn read_range(&self, key: &str, offset: u64, length: u64) -> Result<Option<Bytes>, StoreError> {
        let within = |at: u64, body: &Bytes| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
        let cut = |body: &Bytes| body.slice(within(offset, body)..within(offset.saturating_add(length), body));
        Ok(self.guard().get(key).map(cut))
    }

    async fn stat(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        let size = self.guard().get(key).map(|body| body.len() as u64);
        Ok(size.map(|size| ObjectMeta { key: key.to_owned(), size }))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxStream<'a, Result<ObjectMeta, StoreError>> {
        let pages = stream::unfold(None::<String>, move |after| async move {
            let page = self.listed_after(prefix, after.as_deref(), LIST_PAGE);
            let last = page.last()?.key.clone();
            Some((page, Some(last)))
        });
        pages.flat_map(stream::iter).map(Ok).boxed()
    }

    async fn replace(&self, key: &str, body: Bytes) -> Result<(), StoreError> {
        self.guard().insert(key.to_owned(), body);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn clones_share_and_copies_do_not() {
        let store = MemoryStore::new();
        let copy = MemoryStore::from_objects(store.objects());
        store.clone().create("a", Bytes::from_static(b"1")).await.unwrap();
        assert_eq!(store.keys(), ["a"]);
        assert!(copy.keys().is_empty());
    }

    #[tokio::test]
    async fn attacks_show() {
        let store = MemoryStore::from_objects([("a".to_owned(), Bytes::from_static(b"1"))]);
        store.tamper("a", "2");
        assert_eq!(store.read("a").await.unwrap().unwrap(), "2");
        assert_eq!(store.remove("a").unwrap(), "2");
        assert_eq!(store.read("a").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_long_listing_comes_whole() {
        let keys: Vec<_> = (0..LIST_PAGE * 2 + 1).map(|n| format!("log/{n:020}")).collect();
        let store = MemoryStore::from_objects(keys.iter().map(|key| (key.clone(), Bytes::new())));
        let listed: Vec<_> = store.list("log/").map_ok(|object| object.key).try_collect().await.unwrap();
        assert_eq!(listed, keys);
    }
}
