//! Stopping a run cleanly, from outside.

/// A signal that asks a run to stop cleanly.
#[derive(Clone, Debug)]
pub struct Stop(tokio::sync::watch::Receiver<bool>);

impl Stop {
    /// A signal and the switch that sends it.
    pub fn new() -> (tokio::sync::watch::Sender<bool>, Self) {
        let (sender, receiver) = tokio::sync::watch::channel(false);
        (sender, Self(receiver))
    }

    /// Whether the signal was given.
    pub fn is_given(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the signal; for ever where nobody can send it any more.
    pub async fn given(&mut self) {
        if self.0.wait_for(|given| *given).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
