//! Every store keeps the same laws.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ochre::adapters::dir_store::DirStore;
use ochre::ports::{CreateOutcome, Store};
use ochre::sim::faulty_store::{FaultSchedule, FaultyStore};
use ochre::sim::memory_store::MemoryStore;
use ochre::sim::store_laws;

fn open(root: &Path) -> DirStore {
    DirStore::open(root).unwrap()
}

#[tokio::test]
async fn a_store_in_memory_keeps_the_laws() {
    store_laws::check(&MemoryStore::new()).await.unwrap();
}

#[tokio::test]
async fn a_directory_keeps_the_laws() {
    let root = tempfile::tempdir().unwrap();
    store_laws::check(&open(&root.path().join("archive"))).await.unwrap();
    assert_eq!(std::fs::read_dir(root.path().join("archive/.tmp")).unwrap().count(), 0, "nothing temporary is left");
}

#[tokio::test]
async fn a_wrapper_without_faults_keeps_the_laws() {
    let root = tempfile::tempdir().unwrap();
    store_laws::check(&FaultyStore::new(open(root.path()), FaultSchedule::none())).await.unwrap();
    store_laws::check(&FaultyStore::new(MemoryStore::new(), FaultSchedule::none())).await.unwrap();
}

/// Tasks on several threads, each with a door of its own, as several processes would have.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_with_doors_of_their_own_get_one_winner() {
    let root = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new();
    for round in 0..20 {
        let key = format!("log/{round:020}.json");
        race(&key, || Arc::new(open(root.path()))).await;
        race(&key, || Arc::new(memory.clone())).await;
    }
}

async fn race(key: &str, door: impl Fn() -> Arc<dyn Store>) {
    let writer = |number: usize| {
        let (store, key) = (door(), key.to_owned());
        tokio::spawn(async move { store.create(&key, Bytes::from(format!("writer {number}"))).await.unwrap() })
    };
    let mut winners = Vec::new();
    for (number, task) in (0..16).map(writer).collect::<Vec<_>>().into_iter().enumerate() {
        if task.await.unwrap() == CreateOutcome::Created {
            winners.push(number);
        }
    }
    assert_eq!(winners.len(), 1, "{key}");
    assert_eq!(door().read(key).await.unwrap().unwrap(), format!("writer {}", winners[0]));
}
