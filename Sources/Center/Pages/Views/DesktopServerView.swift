import API
import Fleet

/// One terminal server: how it stands, its load, its sessions.
struct DesktopServerView: TemplateView {
    static let template = PageTemplate("desktopserver", Embedded.desktopserver_mustache)

    var name: String
    var state: StateView
    var troubles: [String]
    var group: String
    var address: String
    var system: String
    var protocols: String
    var pools: [LinkView]
    /// Nil: never.
    var heardAt: String?
    var heard: String
    /// When it was heard last, if that is over: what is shown of its load is of then.
    var silentAt: String?
    /// Of its machine; nil: not known, or no longer.
    var startedAt: String?
    var agent: String?
    var release: String?
    /// What a probe found, a line each.
    var probe: [String]
    var hours: String
    var tags: String
    var node: String?
    var restart: String?
    /// Nil for callers who may only read.
    var actions: ActionMenuView?
    var edit: String?
    var sessions: String
    /// How much of it is used, a line each.
    var meters: [Meter]
    var pressure: String?
    var table: TableView<TerminalSessionRow>?
    /// To all of its sessions; nil where no agent can show it, or the caller may not help there.
    var message: FormView?
    /// That a message was sent.
    var done: String?
    var placements: String

    /// A part of the machine, and how much of it is used.
    struct Meter: View {
        var label: String
        /// Nil: there is nothing to compare it with.
        var use: ShareView?
        var text: String

        /// - Parameter isOld: whether that is the last that is known of a server that is silent.
        fileprivate init(_ label: String, _ text: String, used: Double? = nil, isOld: Bool) {
            (self.label, self.text) = (label, text)
            use = ShareView(used, text: text, isOld: isOld)
        }
    }

    /// - Parameters:
    ///   - list: its sessions.
    ///   - mayHelp: whether the caller may intervene in them.
    ///   - isSent: whether a message was sent to all of them just now.
    ///   - now: seconds since 1970.
    init(
        _ answer: TerminalAnswer, _ list: [TerminalSessionAnswer], mayChange: Bool, mayHelp: Bool,
        isSent: Bool = false, now: Int, _ words: Words
    ) {
        let server = answer.server
        name = server.name.text
        state = StateView(answer, words)
        troubles = answer.troubles
        if let trouble = answer.agentTrouble { troubles.append(words(trouble)) }
        if answer.failureCount > 0 {
            troubles.append(words("%1 log-ins in a row found no session there", "\(answer.failureCount)"))
        }
        group = server.group == .site ? words("Site") : server.group.description
        address = server.address
        system = server.system == .windows ? "Windows" : "Linux"
        protocols = server.ports.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key.title) \($0.value)" }.joined(separator: ", ")
        pools = answer.pools.map(LinkView.init(pool:))
        heardAt = answer.heardAt.map { Format.time(second: $0) }
        if answer.state == .silent {
            silentAt = heardAt
        } else {
            startedAt = answer.startedAt.map { Format.time(second: $0) }
        }
        heard = Self.heard(answer, words)
        agent = answer.version.map { answer.isConnected ? $0 : "\($0) (\(words("takes no orders now")))" }
        release = answer.release
        probe = (answer.probe?.lines ?? []).map { words($0) }
        hours = server.hours.isEmpty ? words("always") : server.hours.text
        (tags, node) = (server.tags.joined(separator: ", "), server.node?.text)
        if server.restartsWhenEmpty { restart = words("when the last session has ended") }
        sessions = Self.sessions(answer)
        meters = Self.meters(answer, words)
        pressure = Self.pressure(answer.pressure, words)
        placements = "/desktops/log-ins?q=\(Escape.component(name))"
        if !list.isEmpty {
            table = TableView(
                words("Sessions"),
                columns: words.all("User", "State", "Where", "Kind", "Duration", "Idle", "Actions"),
                rows: list.map {
                    TerminalSessionRow($0, isOfOne: true, mayHelp: mayHelp, now: now, words)
                })
        }
        if isSent { done = words("The message was sent.") }
        if mayHelp, !list.isEmpty, answer.isConnected { message = Self.message(to: server.name, words) }
        guard mayChange else { return }
        edit = "/desktops/server?name=\(Escape.component(name))"
        actions = Self.actions(answer, words)
    }

    private static func message(to server: TerminalName, _ words: Words) -> FormView {
        FormView(
            path: "/desktops/session",
            hidden: [HiddenView("server", server.text), HiddenView("act", "message-all")],
            fields: [FieldView("text", words("Message"), InputView(isRequired: true, maximumLength: 500))],
            submit: words("Send"))
    }

    /// Each leads to a page that says what would change.
    ///
    /// One that was never heard takes no log-ins, so there is nothing to drain, and nothing that restarts it.
    ///
    /// - Parameter isInList: whether they are in the row of a list, and lead back to it.
    static func actions(_ answer: TerminalAnswer, isInList: Bool = false, _ words: Words) -> ActionMenuView {
        let (server, isKnown) = (answer.server, answer.heardAt != nil)
        func action(_ act: String, _ label: String, style: String? = "quiet") -> ActionView {
            ActionView(
                path: "/desktops/servers/\(server.name)/admit", label: label,
                style: isInList ? "quiet" : style, spoken: isInList ? "\(label) \(server.name)" : nil,
                hidden: [HiddenView("act", act)] + (isInList ? [HiddenView("back", "list")] : []))
        }
        let drain = isKnown ? [action("drain", words("Drain"))] : []
        let restart = isKnown && !isInList ? [action("restart", words("Restart when empty"))] : []
        let maintain = action("maintenance", words("Maintenance"))
        let resume = action("resume", words("Back in service"), style: nil)
        return ActionMenuView(
            actions: server.admission == .open
                ? drain + restart + [maintain]
                : server.admission == .draining ? [resume] + restart + [maintain] : [resume] + drain)
    }

    private static func meters(_ answer: TerminalAnswer, _ words: Words) -> [Meter] {
        let server = answer.server
        let count = answer.sessionCount.map { Double($0 + answer.underwayCount) }
        let isOld = answer.state == .silent
        var meters = [
            Meter(
                words("Sessions"), sessions(answer),
                used: server.sessionLimit.flatMap { limit in count.map { $0 / Double(max(1, limit)) } },
                isOld: isOld)
        ]
        if let use = answer.use {
            meters.append(
                Meter(words("Capacity used"), ShareView(use)?.text ?? "", used: use, isOld: isOld))
        }
        if let load = answer.load {
            meters += [
                Meter(words("Processors"), Self.load(load, words), used: load.busyShare, isOld: isOld),
                Meter(
                    words("Memory"), used(load.usedMemoryByteCount, of: load.memoryByteCount, words),
                    used: load.memoryShare, isOld: isOld),
            ]
        } else {
            meters.append(Meter(words("Processors"), words("not known: no agent tells it"), isOld: false))
        }
        return meters
            + answer.rooms.map { room in
                Meter(
                    "\(words("Disk")) \(room.path)",
                    used(max(0, room.byteCount - room.freeByteCount), of: room.byteCount, words),
                    used: 1 - Double(room.freeByteCount) / Double(max(1, room.byteCount)), isOld: isOld)
            }
    }

    /// `12 of 32 GiB used`.
    private static func used(_ part: Int, of whole: Int, _ words: Words) -> String {
        let (part, whole) = Format.sizes(part, of: whole)
        return words("%1 of %2 used", part, whole)
    }

    static func heard(_ answer: TerminalAnswer, _ words: Words) -> String {
        answer.heard.map { words("%1 ago", Format.age($0 * 1_000)) } ?? words("never heard")
    }

    static func sessions(_ answer: TerminalAnswer) -> String {
        DesktopPoolsView.count(answer.sessionCount, underway: answer.underwayCount)
            + (answer.server.sessionLimit.map { " / \($0)" } ?? "")
    }

    static func load(_ load: TerminalLoad, _ words: Words) -> String {
        words("%1 of %2 busy", busy(load), "\(load.processorCount)")
    }

    /// `0.6`: processors that have work.
    static func busy(_ load: TerminalLoad) -> String {
        let tenths = Int((load.loadAverage * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func pressure(_ pressure: AgentReport.Pressure?, _ words: Words) -> String? {
        let parts = [
            (words("processors"), pressure?.processors), (words("memory"), pressure?.memory),
            (words("disks"), pressure?.io),
        ].compactMap { name, share in share.map { "\(name) \(Int(($0 * 100).rounded())) %" } }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
