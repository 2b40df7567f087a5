import API
import Fleet
import Wire

/// What the tabs of a node's page show.
extension NodeView {
    /// How it is now, and what it would boot next.
    struct Overview: View {
        /// Nil when log-ins are unknown.
        var sessions: Sessions?
        /// On terminal servers, shown here or opened from here; nil: none, or not for this caller.
        var terminalSessions: TableView<TerminalSessionRow>?
        /// Its newest boot; nil: none was seen.
        var boot: Boot?
        /// Nil in the past.
        var next: Next?
        var macs: String
        /// Cards that were seen with its UUID.
        var learned: String?
        var tags: String
        var model: String
        /// Nil when it is bound to none.
        var tpm: TPM?
        var root: String?
        /// The time that is viewed, for a form field.
        var atValue: String?

        init(_ answer: NodeAnswer, at: Int?, medians: [BootStage: Int], _ words: Words) {
            boot = answer.boots.first.map { Boot($0, isFirst: true, medians, words) }
            macs = answer.node.macAddresses.map(\.description).joined(separator: " ")
            learned = answer.learnedCards.map(\.description).joined(separator: " ")
            tags = answer.node.tags.joined(separator: " ")
            model = answer.hardware?.headline ?? ""
            root = answer.root.map {
                words(
                    "%1 connections, last read %2 ago", String($0.connections),
                    Format.duration($0.idleMilliseconds))
            }
            atValue = at.map { String(Format.time(second: $0).replacing(" ", with: "T").prefix(16)) }
        }
    }

    /// What its firmware would be offered, and what it would boot.
    struct Next: View {
        var image: String
        var file: String
        var why: String
        var reasons: [Reason]
        var commandLine: String

        struct Reason: View {
            var choice: String
            var because: String
        }

        init(_ answer: ExplainAnswer, _ words: Words) {
            image = answer.image ?? ""
            file = answer.bootFile ?? ""
            why = words(answer.bootFileReason)
            reasons = answer.reasons.map { Reason(choice: words($0.choice), because: words($0.because)) }
            commandLine = answer.commandLine.joined(separator: " ")
        }
    }

    /// Its boots, stage by stage, and the steps of the last one.
    struct Activity: View {
        var sparkline: Sparkline?
        var boots: [Boot]
        var steps: Steps?
    }

    /// Its settings with their origin, and the form for its record.
    struct Configuration: View {
        /// What is set for it, at any level.
        var effective: TableView<Effective>
        var defaults: TableView<Effective>
        /// `42 settings have their default`
        var defaultCount: String
        /// The secrets that it has had; nil: none.
        var receipts: TableView<SecretReceiptRow>?
        var edit: Edit?

        init(_ settings: [SettingAnswer], _ words: Words) {
            let fallback = SettingOrigin.productDefault.description
            let own = settings.filter { $0.origin != fallback }
            effective = Self.table(words("Effective settings"), own, words)
            defaults = Self.table(words("Defaults"), settings.filter { $0.origin == fallback }, words)
            defaultCount = words("%1 settings have their default", String(settings.count - own.count))
        }

        private static func table(_ title: String, _ settings: [SettingAnswer], _ words: Words)
            -> TableView<Effective>
        {
            TableView(
                title, columns: words.all("Setting", "Value", "Comes from", "Hides"),
                rows: settings.map { setting in
                    Effective(
                        name: setting.name, value: setting.value.description,
                        origin: words.told(setting.origin),
                        hides: setting.hides.map {
                            Hidden(origin: words.told($0.origin), value: $0.value.description)
                        }
                        // An empty value hides nothing that people would miss.
                        .filter { !$0.value.isEmpty })
                })
        }
    }

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

    /// Its record as a form.
    struct Edit: View {
        /// The tag of the record in the form.
        var tag: String
        var fields: [FieldView]
        var settings: SettingFieldsView
    }

    /// Its hardware; without facts while it has reported none.
    struct Inventory: View {
        var facts: [Fact] = []
        var changes: [Change] = []

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

    /// What it said, and how it crashed.
    struct Journal: View {
        var crashes: [Crash]
        var log: String

        struct Crash: View {
            var at: String
            var text: String
        }

        init(_ answer: LogAnswer) {
            log = answer.lines.joined(separator: "\n")
            crashes = answer.crashes.map { Crash(at: Format.time(second: $0.at), text: $0.text) }
        }
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

extension NodeView.Inventory {
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
