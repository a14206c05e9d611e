//! Wire to model.

use super::*;

/// The spec in the manifests' words. `name` is a program's own.
pub fn read(spec: wire::Spec, name: &str, names: &impl ToNames) -> Spec {
    match spec {
        wire::Spec::Folder(wire::Folder { description, portal }) => {
            Spec::Folder(folder::Folder { description, portal: Some(rights(portal)) })
        }
        wire::Spec::Package(spec) => Spec::Package(package(spec)),
        wire::Spec::Program(spec) => Spec::Program(program(spec, name)),
        wire::Spec::Task(spec) => Spec::Task(task(spec, names)),
        wire::Spec::SequentialTask(spec) => Spec::SequentialTask(sequence(spec, names)),
        wire::Spec::Collection(spec) => Spec::Collection(collection(spec, names)),
        wire::Spec::MaintenanceWindow(spec) => Spec::MaintenanceWindow(window(spec, names)),
        wire::Spec::PortalDefaults(wire::PortalDefaults { grants }) => {
            Spec::PortalDefaults(portal::PortalDefaults { grants: Some(self::grants(grants.unwrap_or_default())) })
        }
        wire::Spec::PortalSettings(spec) => Spec::PortalSettings(portal_settings(spec, names)),
        wire::Spec::DeliveryPolicy(spec) => Spec::DeliveryPolicy(policy(spec, names)),
        wire::Spec::AgentSettings(spec) => Spec::AgentSettings(agent_settings(spec, names)),
        wire::Spec::PatchPlugin(spec) => Spec::PatchPlugin(patch_plugin(spec, names)),
        wire::Spec::PurgeSettings(spec) => Spec::PurgeSettings(purge_settings(spec)),
    }
}

fn collections(guids: &[Guid], names: &impl ToNames) -> Vec<String> {
    guids.iter().map(|guid| names.collection(*guid)).collect()
}

fn rights(wire::Portal { inherit, grants }: wire::Portal) -> portal::PortalRights {
    portal::PortalRights { inherit, grants: self::grants(grants) }
}

fn grants(grants: Vec<wire::Grant>) -> Vec<portal::Grant> {
    grants.into_iter().map(|wire::Grant { principal, right }| portal::Grant { principal, right }).collect()
}

fn package(spec: wire::Package) -> package::Package {
    let wire::Package {
        description,
        publisher,
        version,
        language,
        source,
        delete_unused_after_minutes,
        agent_display_name,
        agent_display_description,
        verbose_status_events,
        alternate_download_folder,
        package_servers: wire::PackageServers { assign, names },
        package_server_folder,
    } = spec;
    package::Package {
        description,
        publisher,
        version,
        language,
        source: match source {
            wire::Source::None => package::Source::None(package::SourceNone { none: package::Nothing {} }),
            wire::Source::Local { path } => package::Source::Local(package::SourceLocal { local: path }),
            wire::Source::Unc { path } => package::Source::Unc(package::SourceUnc { unc: path }),
            wire::Source::Url { url, directory } => package::Source::Url(package::SourceUrl { url, directory }),
        },
        delete_unused_after: of_minutes(delete_unused_after_minutes),
        agent_display_name,
        agent_display_description,
        verbose_status_events,
        alternate_download_folder,
        package_servers: match assign {
            wire::Assign::All => package::PackageServers::By(package::PackageServersBy::All),
            wire::Assign::Automatic => package::PackageServers::By(package::PackageServersBy::Automatic),
            wire::Assign::Servers => package::PackageServers::Servers(package::PackageServersList { servers: names }),
            wire::Assign::Sites => package::PackageServers::Sites(package::PackageServersSites { sites: names }),
        },
        package_server_folder,
        programs: Vec::new(), // PRG-13
    }
}

fn program(spec: wire::Program, name: &str) -> package::Program {
    let wire::Program {
        description,
        command_line,
        working_directory,
        success_codes,
        failure_codes,
        estimated_disk_space_kb,
        estimated_run_time_seconds,
        max_run_time_minutes,
        after_running: wire::AfterRunning { action, defer_minutes, force_close },
        starting_window,
        run_with,
        can_run,
        user_input_required,
        exits_early,
        run_once_for,
        network: wire::Network { required, minimum_speed_kbps },
        portal,
    } = spec;
    package::Program {
        name: name.to_owned(),
        guid: None,
        aliases: Vec::new(),
        description,
        command_line,
        working_directory,
        success_codes,
        failure_codes,
        estimated_disk_space_kb,
        estimated_run_time: Duration::seconds(estimated_run_time_seconds),
        max_run_time: match max_run_time_minutes {
            Some(0) => package::MaxRunTime::default(), // PRG-3
            Some(minutes) => package::MaxRunTime::Limit(of_minutes(minutes)),
            None => package::MaxRunTime::Unknown,
        },
        after_running: package::AfterRunning { action, defer_up_to: of_minutes(defer_minutes), force_close },
        starting_window,
        run_with: match run_with {
            wire::RunWith::System => package::RunWith::Built(package::RunWithBuilt::System),
            wire::RunWith::LoggedOnUser => package::RunWith::Built(package::RunWithBuilt::LoggedOnUser),
            wire::RunWith::Account { account, password: _, password_set: _, password_mark: _ } => {
                package::RunWith::Account(package::RunWithAccount { account, password_from: None })
            }
        },
        can_run,
        user_input_required,
        exits_early,
        run_once_for: match run_once_for {
            wire::RunOnceFor::Computer => package::RunOnceFor::By(package::RunOnceForBy::Computer),
            wire::RunOnceFor::EachLoggedOnUser => package::RunOnceFor::By(package::RunOnceForBy::EachLoggedOnUser),
            wire::RunOnceFor::Users { users } => package::RunOnceFor::Users(package::RunOnceForUsers { users }),
        },
        network: package::Network { required, minimum_speed_kbps },
        portal: Some(rights(portal)),
    }
}

fn run(run: wire::Run) -> task::Run {
    match run {
        wire::Run::Manual => task::Run::Manual,
        wire::Run::AsSoonAsPossible => task::Run::AsSoonAsPossible,
        wire::Run::Schedule { schedule } => task::Run::Schedule(self::schedule(schedule)),
    }
}

fn schedule(schedule: wire::Schedule) -> schedule::Schedule {
    match schedule {
        wire::Schedule::At { at } => schedule::Schedule::At(at),
        wire::Schedule::Daily { time } => schedule::Schedule::Daily(time),
        wire::Schedule::Weekly { days, time, every, from } => {
            schedule::Schedule::Weekly(schedule::Weekly { days, time, every, from })
        }
        wire::Schedule::Monthly { on, offset_days, time, every, from } => {
            let on = match on {
                wire::MonthDay::Last => schedule::MonthDay::Last(schedule::LastDay::Last),
                wire::MonthDay::Date { date } => schedule::MonthDay::Date(schedule::DateOfMonth { date }),
                wire::MonthDay::Weekday { week, weekday } => {
                    schedule::MonthDay::Weekday(schedule::WeekdayOfMonth { week, weekday })
                }
            };
            schedule::Schedule::Monthly(schedule::Monthly { day: on, offset_days, time, every, from })
        }
        wire::Schedule::Every { interval_seconds, from } => {
            schedule::Schedule::Every(schedule::Every { interval: Duration::seconds(interval_seconds), from })
        }
    }
}

fn warning(warn: Option<wire::WarnUser>) -> Option<task::WarnUser> {
    warn.map(|wire::WarnUser { defer_minutes }| task::WarnUser { defer_up_to: of_minutes(defer_minutes) })
}

fn availability(wire::Availability { from, to, clock }: wire::Availability) -> task::Availability {
    task::Availability { from, to, clock }
}

fn download(download: Option<wire::Download>) -> task::Download {
    match download {
        None => task::Download::default(),
        Some(wire::Download { mode, minimum_speed_kbps, as_soon_as_possible, multicast }) => {
            task::Download::Own(task::DownloadOwn { mode, minimum_speed_kbps, as_soon_as_possible, multicast })
        }
    }
}

fn task(spec: wire::Task, names: &impl ToNames) -> task::Task {
    task::Task {
        description: spec.description,
        enabled: spec.enabled,
        package: names.package(spec.package),
        program: names.program(spec.package, spec.program),
        collections: collections(&spec.collections, names),
        priority: spec.priority.0,
        run: run(spec.run),
        run_missed_schedule: spec.run_missed_schedule,
        independent_execution: spec.independent_execution,
        user_can_run: spec.user_can_run,
        user_optional: spec.user_optional,
        wake_on_lan: spec.wake_on_lan,
        notify_immediately: spec.notify_immediately,
        notify_user: spec.notify_user,
        warn_user: warning(spec.warn_user),
        availability: availability(spec.availability),
        remove_after_success: spec.remove_after_success,
        agent_display_name: spec.agent_display_name,
        agent_display_description: spec.agent_display_description,
        verbose_status_events: spec.verbose_status_events,
        download: download(spec.download),
    }
}

fn sequence(spec: wire::SequentialTask, names: &impl ToNames) -> sequence::SequentialTask {
    sequence::SequentialTask {
        description: spec.description,
        enabled: spec.enabled,
        collections: collections(&spec.collections, names),
        priority: spec.priority.0,
        run: run(spec.run),
        run_missed_schedule: spec.run_missed_schedule,
        wake_on_lan: spec.wake_on_lan,
        notify_immediately: spec.notify_immediately,
        notify_user: spec.notify_user,
        warn_user: warning(spec.warn_user),
        availability: availability(spec.availability),
        remove_after_success: spec.remove_after_success,
        agent_display_name: spec.agent_display_name,
        agent_display_description: spec.agent_display_description,
        verbose_status_events: spec.verbose_status_events,
        download: download(spec.download),
        steps: spec.steps.into_iter().map(|step| self::step(step, names)).collect(),
        portal: Some(rights(spec.portal)),
    }
}

fn step(step: wire::Step, names: &impl ToNames) -> sequence::SequenceStep {
    let wire::Step { package, program, depends_on } = step;
    let dependency = |wire::Dependency { step, return_codes }: wire::Dependency| {
        if return_codes.is_empty() {
            sequence::Dependency::Step(step)
        } else {
            sequence::Dependency::Codes(sequence::DependencyOnCodes { step, return_codes })
        }
    };
    sequence::SequenceStep {
        package: names.package(package),
        program: names.program(package, program),
        depends_on: depends_on.into_iter().map(dependency).collect(),
    }
}

fn collection(spec: wire::Collection, names: &impl ToNames) -> collection::Collection {
    let wire::Collection { description, query, limited_to, include, exclude, members, auto_update } = spec;
    collection::Collection {
        description,
        query: query.map(|wire::Query { language, text }| match language {
            wire::Language::Sql => collection::Query::Sql(text),
            wire::Language::Wql => collection::Query::Wql(text),
        }),
        limited_to: limited_to.map(|guid| names.collection(guid)),
        include: collections(&include, names),
        exclude: collections(&exclude, names),
        members: Some(members),
        auto_update,
    }
}

fn window(spec: wire::MaintenanceWindow, names: &impl ToNames) -> window::MaintenanceWindow {
    let wire::MaintenanceWindow {
        description,
        enabled,
        collections: whom,
        schedule,
        duration_minutes,
        applies_to,
        clock,
    } = spec;
    window::MaintenanceWindow {
        description,
        enabled,
        collections: collections(&whom, names),
        schedule: self::schedule(schedule),
        duration: of_minutes(duration_minutes),
        applies_to,
        clock,
    }
}

fn portal_settings(spec: wire::PortalSettings, names: &impl ToNames) -> portal::PortalSettings {
    let wire::PortalSettings {
        description,
        enabled,
        collections: whom,
        start_menu_link,
        agent_menu_link,
        max_per_request,
    } = spec;
    portal::PortalSettings {
        description,
        enabled,
        collections: collections(&whom, names),
        start_menu_link,
        agent_menu_link,
        max_per_request,
    }
}

fn policy(spec: wire::DeliveryPolicy, names: &impl ToNames) -> delivery_policy::DeliveryPolicy {
    delivery_policy::DeliveryPolicy {
        description: spec.description,
        enabled: spec.enabled,
        collections: collections(&spec.collections, names),
        resources: spec.resources.into_iter().map(|resource| self::resource(resource, names)).collect(),
        compliance: spec.compliance.map(schedule),
        remediation: match spec.remediation {
            wire::Remediation::Immediately => delivery_policy::Remediation::Immediately,
            wire::Remediation::MaintenanceWindow => delivery_policy::Remediation::MaintenanceWindow,
            wire::Remediation::Schedule { schedule } => {
                delivery_policy::Remediation::Schedule(self::schedule(schedule))
            }
        },
        user_can_run: spec.user_can_run,
        user_must_run: spec.user_must_run,
        prompt_user: spec.prompt_user,
        defer_up_to: of_minutes(spec.defer_minutes),
        wake_on_lan: spec.wake_on_lan,
    }
}

fn resource(resource: wire::Resource, names: &impl ToNames) -> delivery_policy::PolicyResource {
    let wire::Resource { package, program, on_success, on_failure } = resource;
    let wire::OnSuccess { action, defer_minutes, countdown_seconds, force_close } = on_success;
    delivery_policy::PolicyResource {
        package: names.package(package),
        program: names.program(package, program),
        on_success: delivery_policy::ResultAction {
            action,
            defer_up_to: of_minutes(defer_minutes),
            countdown: countdown_seconds.map(Duration::seconds),
            force_close,
        },
        on_failure,
    }
}

fn agent_settings(spec: wire::AgentSettings, names: &impl ToNames) -> agent_settings::AgentSettings {
    let blockout =
        |wire::Blockout { from, duration_seconds, blocks, spread_seconds }: wire::Blockout| agent_settings::Blockout {
            from,
            duration: Duration::seconds(duration_seconds),
            blocks,
            spread: Duration::seconds(spread_seconds),
        };
    agent_settings::AgentSettings {
        description: spec.description,
        enabled: spec.enabled,
        collections: collections(&spec.collections, names),
        configuration_interval: Duration::seconds(spec.configuration_interval_seconds),
        notify_in_advance: Duration::seconds(spec.notify_in_advance_seconds),
        show_popups: spec.show_popups,
        show_tray_icon: spec.show_tray_icon,
        disregard_post_run_action: spec.disregard_post_run_action,
        multicast: spec.multicast,
        minimum_speed_kbps: spec.minimum_speed_kbps,
        blockouts: spec.blockouts.into_iter().map(blockout).collect(),
    }
}

fn patch_plugin(spec: wire::PatchPlugin, names: &impl ToNames) -> patch::PatchPlugin {
    let wire::PatchPlugin { description, enabled, collections: whom, scan, install_plugin } = spec;
    patch::PatchPlugin {
        description,
        enabled,
        collections: collections(&whom, names),
        scan: scan.map(schedule),
        install_plugin,
    }
}

fn purge_settings(spec: wire::PurgeSettings) -> purge::PurgeSettings {
    let retention = |wire::Retention { older_than_seconds, maximum_rows }: wire::Retention| purge::Retention {
        older_than: older_than_seconds.map(Duration::seconds),
        maximum_rows,
    };
    purge::PurgeSettings {
        enabled: spec.enabled,
        daily: spec.daily,
        executions: retention(spec.executions),
        package_events: retention(spec.package_events),
        status_events: retention(spec.status_events),
        sequence_status: retention(spec.sequence_status),
        unused_sequence_entries: spec.unused_sequence_entries_seconds.map(Duration::seconds),
        unused_portal_requests: spec.unused_portal_requests_seconds.map(Duration::seconds),
    }
}
