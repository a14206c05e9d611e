//! What a project says of its watch for drift: who is told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::project::SecretSource;

/// What `consign drift` does beside looking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DriftSettings {
    /// Who is told of new drift with `--notify`, by a name that messages call them by.
    pub notify: BTreeMap<String, Receiver>,
}

/// Somebody who is told, over a web hook. Its address is a secret: whoever has it may write there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Receiver {
    /// A program: JSON as `schema/DriftAlert.json` has it.
    Webhook(WebhookReceiver),
    /// A channel of Slack, by an incoming webhook.
    Slack(UrlReceiver),
    /// A channel of Teams, by a workflow that posts an Adaptive Card.
    TeamsWorkflow(UrlReceiver),
}

impl Receiver {
    /// Where its address comes from.
    pub const fn url_from(&self) -> &SecretSource {
        match self {
            Self::Webhook(WebhookReceiver { url_from, .. })
            | Self::Slack(UrlReceiver { url_from })
            | Self::TeamsWorkflow(UrlReceiver { url_from }) => url_from,
        }
    }

    /// Where the key comes from that its messages are signed with.
    pub const fn sign_with(&self) -> Option<&SecretSource> {
        match self {
            Self::Webhook(WebhookReceiver { sign_with, .. }) => sign_with.as_ref(),
            Self::Slack(_) | Self::TeamsWorkflow(_) => None,
        }
    }
}

/// A program that is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookReceiver {
    /// Where its address comes from.
    pub url_from: SecretSource,
    /// Where the key comes from that messages are signed with, by HMAC-SHA256 as Standard Webhooks has it
    /// (`webhook-id`, `webhook-timestamp`, `webhook-signature`). Absent: they are not signed.
    #[serde(default)]
    pub sign_with: Option<SecretSource>,
}

/// A channel that is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UrlReceiver {
    /// Where its address comes from.
    pub url_from: SecretSource,
}
