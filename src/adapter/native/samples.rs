//! Made-up sites of every kind, every variant and every field, from a seed; and states as a server would write them.

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::adapter::Directory;
use crate::adapter::Envelope;
use crate::adapter::Lease;
use crate::adapter::Secrets;
use crate::model::agent_settings::*;
use crate::model::collection::*;
use crate::model::delivery_policy::*;
use crate::model::folder::Folder;
use crate::model::guid::Guid;
use crate::model::item::*;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::*;
use crate::model::patch::PatchPlugin;
use crate::model::portal::*;
use crate::model::purge::*;
use crate::model::schedule::*;
use crate::model::sequence::*;
use crate::model::task::*;
use crate::model::units::*;
use crate::model::window::*;
use crate::sys::retry::Rng;

use super::convert;
use super::convert::Context;

pub const INSTANCE: &str = "00000000-0000-4000-8000-00000000cafe";

pub fn guid(n: u128) -> Guid {
    Guid::of(0x4000_8000_0000_0000_0000_u128 << 32 | n)
}

struct Gen(Rng);

impl Gen {
    fn number(&mut self, most: u64) -> u64 {
        self.0.below(most.saturating_add(1))
    }
    fn yes(&mut self) -> bool {
        self.number(1) == 1
    }
    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.number(choices.len() as u64 - 1)).unwrap()].clone()
    }
    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.yes().then(|| make(self))
    }
    fn list<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.number(3)).map(|_| make(self)).collect()
    }
    fn text(&mut self) -> String {
        self.of(&["", "plain", "quotes \" and \\ and \n", "C:\\Program Files\\x.exe /S", "żółć 🦀", "a\u{202e}b"])
            .to_owned()
    }
    fn minutes(&mut self) -> Duration {
        Duration::minutes(self.number(100_000))
    }
    fn seconds(&mut self) -> Duration {
        Duration::seconds(self.number(10_000_000))
    }
    fn time(&mut self) -> TimeOfDay {
        TimeOfDay { hour: self.number(23) as u8, minute: self.number(59) as u8 }
    }
    fn at(&mut self) -> LocalDateTime {
        self.of(&["2026-12-01T08:00", "1999-01-31T23:59", "2026-02-28T00:00:07"]).parse().unwrap()
    }
    fn weekday(&mut self) -> Weekday {
        self.of(&[Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun])
    }
    fn schedule(&mut self) -> Schedule {
        match self.number(4) {
            0 => Schedule::At(self.at()),
            1 => Schedule::Daily(self.time()),
            2 => Schedule::Weekly(Weekly {
                days: self.list(Self::weekday),
                time: self.time(),
                every: self.number(52) as u8,
                from: self.some(Self::at),
            }),
            3 => Schedule::Monthly(Monthly {
                day: match self.number(2) {
                    0 => MonthDay::Last(LastDay::Last),
                    1 => MonthDay::Date(DateOfMonth { date: self.number(31) as u8 }),
                    _ => MonthDay::Weekday(WeekdayOfMonth {
                        week: self.of(&[
                            WeekOfMonth::First,
                            WeekOfMonth::Second,
                            WeekOfMonth::Third,
                            WeekOfMonth::Fourth,
                            WeekOfMonth::Last,
                        ]),
                        weekday: self.weekday(),
                    }),
                },
                offset_days: self.number(27) as u8,
                time: self.time(),
                every: self.number(12) as u8,
                from: self.some(Self::at),
            }),
            _ => Schedule::Every(Every { interval: self.seconds(), from: self.at() }),
        }
    }
    fn run(&mut self) -> Run {
        match self.number(2) {
            0 => Run::Manual,
            1 => Run::AsSoonAsPossible,
            _ => Run::Schedule(self.schedule()),
        }
    }
    fn grants(&mut self) -> Vec<Grant> {
        self.list(|g| Grant { principal: g.text(), right: g.of(&[Right::Install, Right::InstallOnApproval]) })
    }
    fn portal(&mut self) -> Option<PortalRights> {
        Some(PortalRights { inherit: self.yes(), grants: self.grants() })
    }
    fn availability(&mut self) -> Availability {
        Availability {
            from: self.some(Self::at),
            to: self.some(Self::at),
            clock: self.of(&[Clock::Computer, Clock::Server]),
        }
    }
    fn download(&mut self) -> Download {
        if self.yes() {
            return Download::default();
        }
        Download::Own(DownloadOwn {
            mode: self.of(&[DownloadMode::DownloadAndRun, DownloadMode::RunFromServer]),
            minimum_speed_kbps: self.number(1000) as u32,
            as_soon_as_possible: self.yes(),
            multicast: self.yes(),
        })
    }
    fn priority(&mut self) -> Priority {
        self.of(&[Priority::Low, Priority::Normal, Priority::High, Priority::VeryHigh])
    }
    fn warn(&mut self) -> Option<WarnUser> {
        self.some(|g| WarnUser { defer_up_to: g.minutes() })
    }
    fn package(&mut self) -> Package {
        Package {
            description: self.text(),
            publisher: self.text(),
            version: self.text(),
            language: self.text(),
            source: match self.number(3) {
                0 => Source::None(SourceNone { none: Nothing {} }),
                1 => Source::Local(SourceLocal { local: self.text() }),
                2 => Source::Unc(SourceUnc { unc: self.text() }),
                _ => Source::Url(SourceUrl { url: self.text(), directory: self.text() }),
            },
            delete_unused_after: self.minutes(),
            agent_display_name: self.text(),
            agent_display_description: self.text(),
            verbose_status_events: self.yes(),
            alternate_download_folder: self.text(),
            package_servers: match self.number(3) {
                0 => PackageServers::By(PackageServersBy::All),
                1 => PackageServers::By(PackageServersBy::Automatic),
                2 => PackageServers::Servers(PackageServersList { servers: self.list(Self::text) }),
                _ => PackageServers::Sites(PackageServersSites { sites: self.list(Self::text) }),
            },
            package_server_folder: self.text(),
            programs: Vec::new(),
        }
    }
    fn program(&mut self, name: &str) -> Program {
        Program {
            name: name.to_owned(),
            guid: None,
            aliases: Vec::new(),
            description: self.text(),
            command_line: self.text(),
            working_directory: self.text(),
            success_codes: self.list(|g| g.number(5000) as i64 - 2500),
            failure_codes: self.list(|g| g.number(5000) as i64),
            estimated_disk_space_kb: self.number(u64::MAX),
            estimated_run_time: self.seconds(),
            max_run_time: match self.number(2) {
                0 => MaxRunTime::Unknown,
                1 => MaxRunTime::default(),
                _ => MaxRunTime::Limit(Duration::minutes(1 + self.number(1000))),
            },
            after_running: AfterRunning {
                action: self.of(&[AfterRunningAction::None, AfterRunningAction::Restart, AfterRunningAction::LogOff]),
                defer_up_to: self.minutes(),
                force_close: self.yes(),
            },
            starting_window: self.of(&[
                StartingWindow::Normal,
                StartingWindow::Hidden,
                StartingWindow::Minimized,
                StartingWindow::Maximized,
            ]),
            run_with: match self.number(2) {
                0 => RunWith::Built(RunWithBuilt::System),
                1 => RunWith::Built(RunWithBuilt::LoggedOnUser),
                _ => RunWith::Account(RunWithAccount { account: self.text(), password_from: None }),
            },
            can_run: self.of(&[CanRun::Always, CanRun::UserLoggedOn, CanRun::NoUserLoggedOn]),
            user_input_required: self.yes(),
            exits_early: self.yes(),
            run_once_for: match self.number(2) {
                0 => RunOnceFor::By(RunOnceForBy::Computer),
                1 => RunOnceFor::By(RunOnceForBy::EachLoggedOnUser),
                _ => RunOnceFor::Users(RunOnceForUsers { users: self.list(Self::text) }),
            },
            network: Network { required: self.yes(), minimum_speed_kbps: self.number(1000) as u32 },
            portal: self.portal(),
        }
    }
    fn pair(&mut self) -> (String, String) {
        self.of(&[("P1", "Install"), ("P1", "Remove"), ("P2", "Install")].map(|(a, b)| (a.to_owned(), b.to_owned())))
    }
    fn collections(&mut self) -> Vec<String> {
        self.list(|g| g.of(&["C1".to_owned(), "All Computers".to_owned()]))
    }
    fn task(&mut self) -> Task {
        let (package, program) = self.pair();
        Task {
            description: self.text(),
            enabled: self.yes(),
            package,
            program,
            collections: self.collections(),
            priority: self.priority(),
            run: self.run(),
            run_missed_schedule: self.yes(),
            independent_execution: self.yes(),
            user_can_run: self.yes(),
            user_optional: self.yes(),
            wake_on_lan: self.yes(),
            notify_immediately: self.yes(),
            notify_user: self.yes(),
            warn_user: self.warn(),
            availability: self.availability(),
            remove_after_success: self.yes(),
            agent_display_name: self.text(),
            agent_display_description: self.text(),
            verbose_status_events: self.yes(),
            download: self.download(),
        }
    }
    fn sequence(&mut self) -> SequentialTask {
        SequentialTask {
            description: self.text(),
            enabled: self.yes(),
            collections: self.collections(),
            priority: self.priority(),
            run: self.run(),
            run_missed_schedule: self.yes(),
            wake_on_lan: self.yes(),
            notify_immediately: self.yes(),
            notify_user: self.yes(),
            warn_user: self.warn(),
            availability: self.availability(),
            remove_after_success: self.yes(),
            agent_display_name: self.text(),
            agent_display_description: self.text(),
            verbose_status_events: self.yes(),
            download: self.download(),
            steps: self.list(|g| {
                let (package, program) = g.pair();
                let depends_on = g.list(|g| {
                    let step = g.number(9) as u32;
                    if g.yes() {
                        Dependency::Step(step)
                    } else {
                        Dependency::Codes(DependencyOnCodes { step, return_codes: vec![0, g.number(4000) as i64] })
                    }
                });
                SequenceStep { package, program, depends_on }
            }),
            portal: self.portal(),
        }
    }
    fn collection(&mut self) -> Collection {
        Collection {
            description: self.text(),
            query: self.some(|g| if g.yes() { Query::Sql(g.text()) } else { Query::Wql(g.text()) }),
            limited_to: self.some(|_| "All Computers".to_owned()),
            include: self.collections(),
            exclude: self.collections(),
            members: Some(self.list(Self::text)),
            auto_update: self.yes(),
        }
    }
    fn policy(&mut self) -> DeliveryPolicy {
        DeliveryPolicy {
            description: self.text(),
            enabled: self.yes(),
            collections: self.collections(),
            resources: self.list(|g| {
                let (package, program) = g.pair();
                PolicyResource {
                    package,
                    program,
                    on_success: ResultAction {
                        action: g.of(&[AfterRunningAction::None, AfterRunningAction::Restart]),
                        defer_up_to: g.minutes(),
                        countdown: g.some(Self::seconds),
                        force_close: g.yes(),
                    },
                    on_failure: g.of(&[OnFailure::Abort, OnFailure::Continue, OnFailure::Restart]),
                }
            }),
            compliance: self.some(Self::schedule),
            remediation: match self.number(2) {
                0 => Remediation::Immediately,
                1 => Remediation::MaintenanceWindow,
                _ => Remediation::Schedule(self.schedule()),
            },
            user_can_run: self.yes(),
            user_must_run: self.yes(),
            prompt_user: self.yes(),
            defer_up_to: self.minutes(),
            wake_on_lan: self.yes(),
        }
    }
    fn agent_settings(&mut self) -> AgentSettings {
        AgentSettings {
            description: self.text(),
            enabled: self.yes(),
            collections: self.collections(),
            configuration_interval: self.seconds(),
            notify_in_advance: self.seconds(),
            show_popups: self.yes(),
            show_tray_icon: self.yes(),
            disregard_post_run_action: self.yes(),
            multicast: self.yes(),
            minimum_speed_kbps: self.number(1000) as u32,
            blockouts: self.list(|g| Blockout {
                from: g.time(),
                duration: g.seconds(),
                blocks: g.of(&[BlockoutKind::Total, BlockoutKind::Downloads]),
                spread: g.seconds(),
            }),
        }
    }
    fn purge(&mut self) -> PurgeSettings {
        let retention = |g: &mut Self| Retention {
            older_than: g.some(Self::seconds),
            maximum_rows: g.some(|g| g.number(u64::MAX)),
        };
        PurgeSettings {
            enabled: self.yes(),
            daily: self.time(),
            executions: retention(self),
            package_events: retention(self),
            status_events: retention(self),
            sequence_status: retention(self),
            unused_sequence_entries: self.some(Self::seconds),
            unused_portal_requests: self.some(Self::seconds),
        }
    }
}

/// A site with every kind, as it would be observed.
pub fn site(seed: u64) -> Vec<(Guid, Item)> {
    let g = &mut Gen(Rng::seeded(seed));
    let folder = |g: &mut Gen| Spec::Folder(Folder { description: g.text(), portal: g.portal() });
    let top = Some("Top");
    let mut items: Vec<(ItemKey, Option<&str>, Spec)> = vec![
        (ItemKey::new(Kind::Folder, "Top"), None, folder(g)),
        (ItemKey::new(Kind::Folder, "Top/Sub"), top, folder(g)),
        (ItemKey::new(Kind::Folder, "Other"), None, folder(g)),
        (ItemKey::new(Kind::Folder, "Other/Sub"), Some("Other"), folder(g)),
        (ItemKey::new(Kind::Package, "P1"), Some("Top/Sub"), Spec::Package(g.package())),
        (ItemKey::new(Kind::Package, "P2"), None, Spec::Package(g.package())),
        (ItemKey::program("P1", "Install"), None, Spec::Program(g.program("Install"))),
        (ItemKey::program("P1", "Remove"), None, Spec::Program(g.program("Remove"))),
        (ItemKey::program("P2", "Install"), None, Spec::Program(g.program("Install"))),
        (ItemKey::new(Kind::Collection, "All Computers"), None, Spec::Collection(g.collection())),
        (ItemKey::new(Kind::Collection, "C1"), top, Spec::Collection(g.collection())),
        (ItemKey::new(Kind::Task, "P1"), top, Spec::Task(g.task())),
        (ItemKey::new(Kind::SequentialTask, "S"), Some("Other/Sub"), Spec::SequentialTask(g.sequence())),
        (ItemKey::new(Kind::DeliveryPolicy, "D"), top, Spec::DeliveryPolicy(g.policy())),
        (ItemKey::new(Kind::AgentSettings, "A"), top, Spec::AgentSettings(g.agent_settings())),
    ];
    items.push((
        ItemKey::new(Kind::PortalDefaults, "SWD Programs"),
        None,
        Spec::PortalDefaults(PortalDefaults { grants: Some(g.grants()) }),
    ));
    items.push((ItemKey::new(Kind::PurgeSettings, "Purge settings"), None, Spec::PurgeSettings(g.purge())));
    let window = MaintenanceWindow {
        description: g.text(),
        enabled: g.yes(),
        collections: g.collections(),
        schedule: g.schedule(),
        duration: g.minutes(),
        applies_to: g.of(&[WindowKind::All, WindowKind::Updates, WindowKind::TaskSequences]),
        clock: g.of(&[WindowClock::Computer, WindowClock::Utc]),
    };
    items.push((ItemKey::new(Kind::MaintenanceWindow, "W"), top, Spec::MaintenanceWindow(window)));
    let portal = PortalSettings {
        description: g.text(),
        enabled: g.yes(),
        collections: g.collections(),
        start_menu_link: g.yes(),
        agent_menu_link: g.yes(),
        max_per_request: g.number(9) as u32,
    };
    items.push((ItemKey::new(Kind::PortalSettings, "Portal"), top, Spec::PortalSettings(portal)));
    let patch = PatchPlugin {
        description: g.text(),
        enabled: g.yes(),
        collections: g.collections(),
        scan: g.some(Gen::schedule),
        install_plugin: g.yes(),
    };
    items.push((ItemKey::new(Kind::PatchPlugin, "Patch"), top, Spec::PatchPlugin(patch)));
    items
        .into_iter()
        .enumerate()
        .map(|(at, (key, folder, spec))| {
            let mut item = Item::new(key, spec);
            item.folder = folder.map(str::to_owned);
            item.attributes =
                g.list(|g| g.of(&[Attribute::NoDelete, Attribute::ReadOnly, Attribute::Hidden])).into_iter().collect();
            (guid(at as u128 + 1), item)
        })
        .collect()
}

pub fn directory(site: &[(Guid, Item)]) -> Directory {
    site.iter().map(|(guid, item)| (item.key.clone(), *guid)).collect()
}

/// Calls `with` with an envelope that has this directory and one secret.
pub fn with_envelope<T>(directory: &Directory, with: impl FnOnce(&Envelope<'_>) -> T) -> T {
    let lease = Lease { id: "l".to_owned(), fence: 7 };
    let mut secrets = Secrets::new();
    secrets.insert("env:SVC".to_owned(), "hunter2".into());
    with(&Envelope {
        lease: &lease,
        idempotency_key: "key-1",
        in_doubt: false,
        plan: "plan-1",
        origin: None,
        directory,
        secrets: &secrets,
    })
}

/// An item as the server would show it.
pub fn shown(guid: Guid, item: &Item, directory: &Directory) -> Value {
    let body = with_envelope(directory, |envelope| {
        let context = Context::new("s", &item.key, envelope);
        serde_json::to_value(convert::body(item, None, &context).unwrap()).unwrap()
    });
    let mut line = json!({ "type": "item", "guid": guid, "revision": format!("r{guid}"),
        "createdAt": "2026-01-01T00:00:00Z", "modifiedAt": "2026-01-01T00:00:00Z", "newer": {"field": [1]} });
    line.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    line
}

/// A whole state of these item lines.
pub fn state(lines: &[String]) -> String {
    let items: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let digest: String = Sha256::digest(items.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{{\"type\":\"header\",\"format\":1,\"instance\":\"{INSTANCE}\",\"state\":\"42\",\
         \"time\":\"2026-01-02T03:04:05Z\"}}\n{items}\
         {{\"type\":\"end\",\"count\":{},\"digest\":\"sha256:{digest}\"}}\n",
        lines.len()
    )
}

pub fn lines(site: &[(Guid, Item)]) -> Vec<String> {
    let directory = directory(site);
    site.iter().map(|(guid, item)| shown(*guid, item, &directory).to_string()).collect()
}
