//! Kerberos by SSPI: the user that is logged on to Windows.

use std::collections::BTreeMap;

use cross_krb5::ClientCtx;
use cross_krb5::InitiateFlags;
use cross_krb5::PendingClientCtx;
use cross_krb5::Step;

use super::CONTEXTS_MAX;
use super::Target;
use super::Trouble;
use super::words;

/// What is under way in this process.
pub(super) struct Library {
    waiting: BTreeMap<u64, PendingClientCtx>,
    next: u64,
}

impl Library {
    pub(super) const fn new() -> Self {
        Self { waiting: BTreeMap::new(), next: 0 }
    }

    pub(super) fn start(&mut self, target: &Target) -> Result<(u64, Vec<u8>), Trouble> {
        let flags = InitiateFlags::NEGOTIATE_TOKEN | InitiateFlags::DISABLE_CONFIDENTIALITY;
        let made = ClientCtx::new(flags, target.principal.as_deref(), &target.name(), None);
        let ours = words::Ours { target: Some(target), has_keytab: false };
        let (context, token) = made.map_err(|error| words::explain(&format!("{error:#}"), &ours))?;
        let token = token.to_vec();
        self.next += 1;
        self.waiting.insert(self.next, context);
        if self.waiting.len() > CONTEXTS_MAX {
            self.waiting.pop_first();
        }
        Ok((self.next, token))
    }

    pub(super) fn finish(&mut self, number: u64, token: &[u8]) -> Result<(), Trouble> {
        let ours = words::Ours::default();
        let Some(context) = self.waiting.remove(&number) else {
            return Err(words::explain("the context is gone", &ours));
        };
        match context.step(token).map_err(|error| words::explain(&format!("{error:#}"), &ours))? {
            Step::Finished(_) => Ok(()),
            Step::Continue(_) => Err(words::another_leg()),
        }
    }

    pub(super) fn forget(&mut self, number: u64) {
        self.waiting.remove(&number);
    }

    pub(super) fn accept(&mut self, _token: &[u8]) -> Result<(String, Option<Vec<u8>>), Trouble> {
        Err(Trouble::new("the reference server takes tickets by a keytab, which Windows has not", "run it on Linux"))
    }
}
