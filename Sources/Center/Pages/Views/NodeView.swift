import API
import Fleet
import Foundation
import Wire

/// One node: its activity, boots, hardware, and settings with their origin.
struct NodeView: TemplateView {
    static let template = PageTemplate("node", Embedded.node_mustache)

    var name: String
    var state: StateView
    /// The time that is viewed; nil: now.
    var at: String?
    /// The same, for a form field.
    var atValue: String?
    var group: String
    var groupEscaped: String
    var macs: String
    /// Cards that were seen with its UUID.
    var learned: String?
    var address: String
    var tags: String
    var version: String
    /// The version that it runs, if it would boot another one now.
    var booted: String?
    /// Why it boots nothing.
    var lack: String?
    var root: String?
    var sparkline: Sparkline?
    var restart: ActionView?
    /// Where its restart is scheduled.
    var later: String?
    /// The page of its changed steps; nil where it cannot carry any out.
    var applying: String?
    /// Nil when it is bound to none.
    var tpm: TPM?
    var warnings: [Warning] = []
    /// Nil when log-ins are unknown.
    var sessions: Sessions?
    var boots: [Boot]
    var steps: Steps?
    /// The secrets that it has had; nil: none.
    var receipts: TableView<SecretReceiptRow>?
    var effective: TableView<Effective>
    /// The form for its record.
    var edit: Edit?
    var hardware: HardwareView?
    var crashes: [Crash] = []
    var log: String?
    /// Its changes, for callers who may see them.
    var history: History?

    struct Effective: View {
        var name: String
        var value: String
        var origin: String
        var hides: [Hidden]
    }

    /// A value overridden by a stronger level.
    struct Hidden: View {
        var origin: String
        var value: String
    }

    struct Crash: View {
        var at: String
        var text: String
    }

    struct History: View {
        var changes: [ChangeView]
    }

    /// - Parameters:
    ///   - at: the time that is viewed, in seconds since 1970; nil: now.
    ///   - medians: median milliseconds of each stage in its group.
    init(_ answer: NodeAnswer, at: Int?, medians: [BootStage: Int], _ words: Words) {
        let node = answer.node
        name = node.name.text
        state = StateView(answer, answer.boots.first, words)
        let time = at.map { Format.time(second: $0) }
        self.at = time
        atValue = time.map { String($0.replacing(" ", with: "T").prefix(16)) }
        group = node.group.description
        groupEscaped = Escape.component(node.group.description)
        macs = node.macAddresses.map(\.description).joined(separator: " ")
        learned = answer.learnedCards.map(\.description).joined(separator: " ")
        address = (answer.leasedAddress ?? node.address)?.description ?? ""
        tags = node.tags.joined(separator: " ")
        version = answer.version ?? ""
        booted = answer.isOutdated ? answer.booted : nil
        lack = answer.version == nil ? answer.lack : nil
        root = answer.root.map {
            words(
                "%1 connections, last read %2 ago", String($0.connections),
                Format.duration($0.idleMilliseconds))
        }
        sparkline = Sparkline(answer.boots, words)
        boots = answer.boots.enumerated().map { Boot($1, isFirst: $0 == 0, medians, words) }
        effective = TableView(
            words("Effective settings"),
            columns: words.all("Setting", "Value", "Comes from", "Hides"),
            rows: answer.settings.map { setting in
                Effective(
                    name: setting.name, value: setting.value.description, origin: setting.origin,
                    hides: setting.hides.map { Hidden(origin: $0.origin, value: $0.value.description) }
                        // An empty value hides nothing that people would miss.
                        .filter { !$0.value.isEmpty })
            })
    }
}

extension NodeView {
    /// A problem that needs a response.
    struct Warning: View {
        var text: String
        /// The button that resolves it, for callers who may use it.
        var answer: ConfirmView?
    }

    struct Sessions: View {
        /// Nil when no user is logged in.
        var table: TableView<Session>?
    }

    struct Session: View {
        var user: String
        var kind: String
        var isActive: Bool
        var place: String
        var from: String
        var since: String
    }

    /// Its record as a form.
    struct Edit: View {
        /// The tag of the record in the form.
        var tag: String
        var fields: [FieldView]
        var settings: SettingFieldsView
    }

    struct HardwareView: View {
        var facts: [Fact]
        var changes: [Change]

        struct Fact: View {
            var name: String
            var value: String
        }

        struct Change: View {
            var at: String
            var isAnotherMachine: Bool
            var differences: [DifferenceView]
        }
    }
}

extension NodeView.Warning {
    /// It is held after failed boots.
    init(_ trouble: BootTrouble, of node: NodeName, mayRelease: Bool, _ words: Words) {
        text = words("Held after %1 failed boots: %2", String(trouble.failedBoots), trouble.detail)
        guard mayRelease else { return }
        answer = ConfirmView(path: "/nodes/\(node)/release", label: words("Let it try again"))
    }

    /// Another machine impersonated this one.
    init(_ alarm: NodeAlarm, of node: NodeName, mayDismiss: Bool, _ words: Words) {
        let time = Format.time(second: alarm.at)
        let who = [alarm.address.description, alarm.holder?.description, alarm.interface].compactMap(\.self)
            .joined(separator: ", ")
        text =
            alarm.property == .secondConfiguration
            ? words(
                "%1: the configuration of this boot was asked for a second time, with another key (%2). It was refused. Another machine may have received the first one.",
                time, who)
            : words(
                "%1: another machine (%2) asked for what belongs to this node, or spoke for it (%3). It was refused.",
                time, who, alarm.property.rawValue)
        guard mayDismiss else { return }
        answer = ConfirmView(path: "/nodes/\(node)/dismiss", label: words("Dismiss"))
    }
}

extension NodeView.Sessions {
    init(_ sessions: [NodeSession], _ words: Words) {
        guard !sessions.isEmpty else { return }
        table = TableView(
            words("Sessions"), columns: words.all("User", "Kind", "Where", "From", "Since"),
            rows: sessions.map {
                NodeView.Session(
                    user: $0.user, kind: $0.kind, isActive: $0.isActive, place: $0.place, from: $0.from,
                    since: Format.time(second: $0.startedAt))
            })
    }
}

extension NodeView.Edit {
    /// - Parameters:
    ///   - own: the record's own settings.
    ///   - groups: groups that the caller may put it into.
    init(
        _ node: Node, own: [String: SettingValue], tag: String, groups: [String],
        effective: EffectiveSettings, _ words: Words
    ) {
        self.tag = tag
        let macs = node.macAddresses.map(\.description).joined(separator: " ")
        fields = [
            FieldView(
                "name", words("Name"), id: "new-name", InputView(value: node.name.text, isRequired: true)),
            FieldView(
                "group", words("Group"), id: "new-group",
                options: groups.map { OptionView(text: $0, isChosen: $0 == node.group.description) }),
            FieldView("macs", words("Hardware addresses"), id: "new-macs", InputView(value: macs)),
            FieldView(
                "address", words("Fixed address (optional)"), id: "new-address",
                InputView(value: node.address?.description)),
            FieldView(
                "tags", words("Tags"), id: "new-tags", InputView(value: node.tags.joined(separator: " "))),
        ]
        settings = SettingFieldsView(
            effective.definitions.filter { !$0.isSiteWide }, own: own, effective: effective, words)
    }
}

extension NodeView.HardwareView {
    init(_ hardware: Hardware, changes: [HardwareChangeAnswer]) {
        facts = hardware.facts.map { Fact(name: $0.name, value: $0.value) }
        self.changes = changes.map { change in
            Change(
                at: Format.time(second: change.at), isAnotherMachine: change.isAnotherMachine,
                differences: change.differences.map {
                    DifferenceView(name: $0.fact, before: $0.before ?? "", after: $0.after ?? "")
                })
        }
    }
}
