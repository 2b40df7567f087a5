import API
import Fleet
import Foundation
import Wire

/// One node: how it is and what to do about it, above the chosen tab.
struct NodeView: TemplateView {
    static let template = PageTemplate("node", Embedded.node_mustache)

    var name: String
    var state: StateView
    /// When its state began; nil: not known.
    var since: String?
    /// The time that is viewed; nil: now.
    var at: String?
    var group: String
    var groupEscaped: String
    var address: String
    var version: String
    /// The version that it runs, if it would boot another one now.
    var booted: String?
    /// Why it boots nothing.
    var lack: String?
    var people: String
    var restart: ActionView?
    /// What switches it off or on.
    var power: ActionView?
    /// Where its restart is scheduled.
    var later: String?
    /// The page that says who is logged in before it restarts; nil when no user is.
    var asking: String?
    /// The same before it switches itself off.
    var askingOff: String?
    /// The page of its changed steps; nil where it cannot carry any out.
    var applying: String?
    var warnings: [Warning] = []
    var tabs: TabsView
    /// One of these is set.
    var overview: Overview?
    var activity: Activity?
    var configuration: Configuration?
    var inventory: Inventory?
    var journal: Journal?
    var history: History?

    /// - Parameters:
    ///   - tabs: those that the caller may open.
    ///   - at: the time that is viewed, in seconds since 1970; nil: now.
    init(_ answer: NodeAnswer, tabs: [NodeTab], current: NodeTab, at: Int?, _ words: Words) {
        let node = answer.node
        name = node.name.text
        state = StateView(answer, answer.boots.first, words)
        since = Self.since(answer)
        self.at = at.map { Format.time(second: $0) }
        group = node.group.description
        groupEscaped = Escape.component(node.group.description)
        address = (answer.leasedAddress ?? node.address)?.description ?? ""
        version = answer.version ?? ""
        booted = answer.isOutdated ? answer.booted : nil
        lack = answer.version == nil ? answer.lack.map { words($0) } : nil
        people = Set(answer.sessions.map(\.user)).sorted().joined(separator: ", ")
        self.tabs = TabsView(tabs, of: node.name, current: current, at: at, words)
    }

    /// What a node whose system runs is asked to do: at once, unless users are logged in.
    mutating func offerOrders(isReady: Bool, _ words: Words) {
        if people.isEmpty {
            restart = ActionView(path: "/nodes/\(name)/restart", label: words("Restart"), style: "quiet")
            power = ActionView(path: "/nodes/\(name)/power-off", label: words("Switch off"), style: "quiet")
        } else {
            asking = "/nodes/\(name)/restart"
            askingOff = "/nodes/\(name)/restart?act=power-off"
        }
        if isReady { applying = "/nodes/\(name)/apply" }
    }

    /// What switches on a node that does not run.
    mutating func offerWake(_ words: Words) {
        power = ActionView(path: "/nodes/\(name)/wake", label: words("Switch on"), style: "quiet")
    }

    private static func since(_ answer: NodeAnswer) -> String? {
        if answer.state == .lost { return answer.heardAt.map { Format.time(millisecond: $0) } }
        return answer.boots.first?.entries.last.map { Format.time(millisecond: $0.at) }
    }
}

extension NodeView {
    /// A problem that needs a response.
    struct Warning: View {
        /// What happened, where the text only says how.
        var headline: String?
        var text: String
        /// How often it failed, and what the node does by itself.
        var outlook: String?
        /// What to do about it, where that is known.
        var fix: String?
        /// Where that is done, and where there is more to read.
        var places: [LinkView] = []
        /// Other nodes with the same state.
        var others: LinkView?
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

    struct History: View {
        var changes: [ChangeView]
    }
}

extension NodeView.Warning {
    /// It is held after failed boots.
    init(_ trouble: BootTrouble, of node: NodeName, mayRelease: Bool, _ words: Words) {
        text = words(
            "Held after %1 failed boots: %2", String(trouble.failedBoots),
            words.told(trouble.detail))
        guard mayRelease else { return }
        answer = ConfirmView(path: "/nodes/\(node)/release", label: words("Let it try again"))
    }

    /// Another machine impersonated this one.
    init(_ alarm: NodeAlarm, of node: NodeName, mayDismiss: Bool, _ words: Words) {
        let time = Format.time(second: alarm.at)
        let who = [alarm.address.description, alarm.holder?.description, alarm.interface].compactMap(\.self)
            .joined(separator: ", ")
        text =
            switch alarm.property {
            case .secondConfiguration:
                words(
                    "%1: the configuration of this boot was asked for a second time, with another key (%2). It was refused. Another machine may have received the first one.",
                    time, who)
            case .machine:
                words(
                    "%1: another machine (%2) boots with this node's card, or the node was changed: %3. If it has a new board, give it its new UUID; if not, look for the other machine.",
                    time, who, Self.text(of: alarm.differences ?? [], words))
            default:
                words(
                    "%1: another machine (%2) asked for what belongs to this node, or spoke for it (%3). It was refused.",
                    time, who, alarm.property.rawValue)
            }
        guard mayDismiss else { return }
        answer = ConfirmView(path: "/nodes/\(node)/dismiss", label: words("Dismiss"))
    }

    private static func text(of differences: [MachineDifference], _ words: Words) -> String {
        differences.map { one in
            switch one.kind {
            case .uuid: words("UUID %1 instead of %2", one.shown, one.known)
            case .processor: words("processor %1 instead of %2", one.shown, one.known)
            case .network: words("it boots on %1 while the node runs on %2", one.shown, one.known)
            case .boot: words("boot %1 has begun while boot %2 goes on", one.shown, one.known)
            }
        }.joined(separator: "; ")
    }

    /// It has nothing to boot, its last boot failed or got stuck, or it is not heard of any more; nil: none of them.
    ///
    /// - Parameters:
    ///   - alike: other nodes whose last boots failed with the same message.
    ///   - failure: what to do about its last boot, which failed, and what it does by itself now.
    ///   - usual: the milliseconds that the stage usually takes at which its boot is stuck.
    ///   - mayRestart: whether it can be asked to restart, and the caller may.
    init?(
        _ answer: NodeAnswer, alike: Int, failure: (fix: Sentence, after: AfterFailure)? = nil, usual: Int?,
        mayRestart: Bool = false, _ words: Words
    ) {
        if answer.version == nil, let lack = answer.lack {
            text = words("It has nothing to boot next: \(lack)" as Sentence)
            return
        }
        let last = answer.boots.first?.entries.last
        let log = LinkView(path: "/nodes/\(answer.node.name)?tab=log", label: words("Log"))
        let restart = LinkView(path: "/nodes/\(answer.node.name)/restart", label: words("Restart"))
        switch answer.state {
        case .failed:
            headline = words("The last boot failed.")
            text = words.told(last?.detail ?? "")
            fix = words(failure?.fix ?? BootStage.fix(ofFailure: last?.detail ?? ""))
            outlook = Self.outlook(answer, failure?.after, words)
            if mayRestart { places.append(restart) }
            if BootStage.isExportRefusal(last?.detail ?? "") {
                places.append(LinkView(path: "/images", label: words("Images")))
            }
            places.append(log)
            others = Self.others(alike, last?.detail ?? "", words)
            return
        case .stuck:
            guard let last else { return nil }
            text = words(last.stage.stuckSentence(answer.root, usually: usual))
            fix = words(last.stage.usualFix)
            places = mayRestart ? [restart, log] : [log]
        case .lost:
            text = words("It has not been heard of for a minute or more.")
            fix = words("look at its power, its network and its screen; switched on again, it starts anew")
        default: return nil
        }
        others = LinkView(
            path: "/nodes?q=\(Escape.component("state=\(answer.state.rawValue)"))",
            label: words("All nodes in this state"))
    }

    /// How often its boots failed one after the other, and what the node does now by itself.
    private static func outlook(_ answer: NodeAnswer, _ after: AfterFailure?, _ words: Words) -> String {
        let tries = answer.boots.prefix { $0.entries.last?.stage == .failed }.count
        let next: String =
            switch after {
            case .triesAgain: words("it tries again 10 seconds after each failure")
            case .waits: words("it waits in a shell on its screen")
            case .restarts: words("it restarts by itself 10 seconds after each failure")
            case .isSilent(let silence, wasToRetry: true):
                words(
                    "it was to try again every 10 seconds, but nothing was heard of it for %1: it is off, hangs, or has no network",
                    Format.age(silence))
            case .isSilent(let silence, wasToRetry: false):
                words("nothing was heard of it for %1, and it does nothing by itself", Format.age(silence))
            case .obeys, nil: ""
            }
        return [tries > 1 ? words("failed boots one after the other: %1", String(tries)) : "", next]
            .filter { !$0.isEmpty }.joined(separator: "; ")
    }

    /// Nodes whose boots failed with the same message; a message with a quotation mark cannot be searched for.
    private static func others(_ count: Int, _ detail: String, _ words: Words) -> LinkView? {
        guard count > 0 else { return nil }
        let state = BootStage.failed.inWords(failure: detail)
        let query = detail.contains("\"") ? "state=failed" : "state=\"\(state)\""
        return LinkView(
            path: "/nodes?q=\(Escape.component(query))",
            label: words("Other nodes with the same failure: %1", Format.number(count, words.language)))
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

extension NodeView {
    /// On terminal servers; nil: none.
    ///
    /// - Parameters:
    ///   - mayHelp: whether the caller may intervene in sessions on servers of that group.
    ///   - now: seconds since 1970.
    static func sessions(
        _ all: [TerminalSessionAnswer], mayHelp: (GroupPath) -> Bool, now: Int, _ words: Words
    ) -> TableView<TerminalSessionRow>? {
        guard !all.isEmpty else { return nil }
        return TableView(
            words("Sessions on terminal servers"),
            columns: words.all("User", "Server", "State", "Kind", "Since"),
            rows: all.map { TerminalSessionRow($0, mayHelp: mayHelp($0.group), now: now, words) })
    }
}

/// Before nodes restart, or one switches itself off: who is logged in there.
struct RestartView: TemplateView {
    static let template = PageTemplate("restart", Embedded.restart_mustache)

    /// What is done.
    var heading: String
    var name: String
    /// Nil for several.
    var state: StateView?
    /// Which nodes they are; nil for one.
    var names: String?
    /// Why some of them were not asked.
    var failure: String?
    var people: String
    /// Nil when it does not run.
    var saving: ConfirmView?

    /// - Parameter isOff: whether it switches itself off.
    init(_ answer: NodeAnswer, mayRestart: Bool, isOff: Bool = false, _ words: Words) {
        heading = isOff ? words("Switch off") : words("Restart")
        name = answer.node.name.text
        state = StateView(answer, answer.boots.first, words)
        people = Set(answer.sessions.map(\.user)).sorted().joined(separator: ", ")
        guard mayRestart else { return }
        saving = ConfirmView(
            path: isOff ? "/nodes/\(name)/power-off" : "/nodes/\(name)/restart",
            label: isOff ? words("Switch off %1", name) : words("Restart %1", name),
            isDanger: !people.isEmpty,
            isFocused: people.isEmpty, back: LinkView(path: "/nodes/\(name)", label: words("Back")))
    }

    /// - Parameters:
    ///   - nodes: one at least.
    ///   - people: those who are logged in on them.
    init(_ nodes: [NodeName], people: Set<String>, failure: String? = nil, _ words: Words) {
        let count = Format.number(nodes.count, words.language)
        heading = words("Restart")
        name = nodes.count == 1 ? nodes[0].text : count
        names = nodes.count == 1 ? nil : nodes.map(\.text).joined(separator: ", ")
        self.failure = failure
        self.people = people.sorted().joined(separator: ", ")
        saving = ConfirmView(
            path: "/nodes/restart",
            hidden: nodes.map { HiddenView("node", $0.text) } + [HiddenView("sure", "yes")],
            label: words("Restart %1", name), isDanger: !people.isEmpty, isFocused: people.isEmpty,
            back: LinkView(path: "/", label: words("Back")))
    }
}
