import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost node …`
struct NodeCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "List, add, change and explain nodes.",
        subcommands: [
            NodeList.self, NodeShow.self, NodeAdd.self, NodeSet.self, NodeImportCommand.self,
            NodeApprove.self, NodeMove.self, NodeRenameCommand.self,
            NodeTag.self,
            NodeRemove.self, NodeExplain.self, NodeLog.self, NodeSteps.self, NodeApply.self,
            NodeRestart.self, NodePowerOff.self, NodeWake.self,
            NodeRelease.self,
            NodeDismiss.self, NodeTPMCommand.self, NodeKnownHosts.self,
        ])
}

struct NodeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List nodes, and unknown machines that were seen.",
        discussion: """
            roost node list 'pc-[1-40] memory<2GiB group=/school state~failed'
            Words are searched in names, addresses and hardware; attributes are compared.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only nodes that match this condition.", completion: .nodes) var query: [String] = []
    @OptionGroup var time: TimeOptions
    @OptionGroup var again: WatchOptions

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            try await again.run {
                var machines = try await client.nodes(query.joined(separator: " "), at: time.at)
                if query.isEmpty, time.at == nil {
                    machines += try await client.get("machines", [MachineAnswer].self)
                }
                try output.write(machines, wide: { MachineTable.wide($0, of: query) }) {
                    MachineTable.text($0, of: query)
                }
            }
        }
    }
}

struct NodeShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a node: its settings with their origin, and its boots stage by stage.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let path = "nodes/\(APIClient.escaped(node))" + time.query
            let answer = try await server.client.get(path, NodeAnswer.self)
            try output.write(answer, table: text)
        }
    }

    private func version(_ answer: NodeAnswer) -> String {
        let nothing = answer.lack.map { "nothing: \($0)" }
        guard let booted = answer.booted, booted != answer.version else {
            return answer.version ?? nothing ?? "-"
        }
        let next = answer.version.map { "\($0) at its next boot" } ?? nothing ?? "nothing at its next boot"
        return answer.isOutdated ? "\(booted); \(next)" : "\(next) (the last one was of \(booted))"
    }

    private func cards(_ answer: NodeAnswer) -> String {
        let cards =
            answer.node.macAddresses.map(\.description)
            + answer.learnedCards.map { "\($0) (seen with this UUID)" }
        return cards.isEmpty ? "-" : cards.joined(separator: ", ")
    }

    private func text(_ answer: NodeAnswer) -> String {
        let node = answer.node
        var text = """
            node       \(node.name)
            group      \(node.group)
            mac        \(cards(answer))
            uuid       \(node.uuid?.description ?? "-")
            tags       \(node.tags.isEmpty ? "-" : node.tags.joined(separator: ", "))
            address    \((node.address ?? answer.leasedAddress)?.description ?? "-")\(node.address == nil ? "" : " (fixed)")
            version    \(version(answer))
            state      \(answer.state.rawValue)\(answer.heardAt.map { ", heard \(Shown.time(second: $0 / 1_000))" } ?? "")


            """
        if let alarm = answer.alarm {
            text +=
                "\(Shown.time(second: alarm.at)): \(alarm.summary) (seen: roost node dismiss \(node.name))\n\n"
        }
        if let tpm = answer.tpm, tpm.bound != nil || tpm.refused != nil {
            text += NodeTPMText.of(tpm, node.name.text) + "\n"
        }
        if let held = answer.held {
            text += "\(held) (when the cause is fixed: roost node release \(node.name))\n\n"
        }
        if let hardware = answer.hardware {
            text += """
                machine    \(hardware.vendor) \(hardware.product), serial \(hardware.serial.isEmpty ? "-" : hardware.serial)
                firmware   \(hardware.firmwareKind), \(hardware.firmware)\(hardware.isSecureBootOn ? ", Secure Boot on" : "")
                processor  \(hardware.processorCount) × \(hardware.processor)
                memory     \(hardware.memoryMebibytes) MiB
                cards      \(hardware.cards.map { "\($0.name) \($0.macAddress) \($0.driver)" }.joined(separator: ", "))


                """
        }
        if !answer.sessions.isEmpty {
            text += SessionTable.text(answer.sessions.map { ("", $0) }) + "\n"
        }
        var settings = TextTable(["SETTING", "VALUE", "FROM"])
        for setting in answer.settings {
            let value = setting.value.description.replacingOccurrences(of: "\n", with: "⏎")
            settings.add([
                setting.name, value.count > 60 ? String(value.prefix(59)) + "…" : value, setting.origin,
            ])
        }
        text += settings.text
        for boot in answer.boots.prefix(3) { text += "\n" + TimelineTable.text(boot) }
        return text
    }
}

enum TimelineTable {
    static func text(_ boot: BootTimeline) -> String {
        var table = TextTable(["STAGE", "AT", "TOOK", "DETAIL"])
        var before = boot.startedAt
        for entry in boot.entries {
            table.add([
                entry.stage.rawValue, Shown.seconds(entry.at - boot.startedAt),
                Shown.seconds(entry.at - before), entry.detail,
            ])
            before = entry.at
        }
        return "boot \(boot.boot) of \(Shown.time(second: boot.startedAt / 1_000)): \(boot.state)\n"
            + table.text
    }
}

struct NodeAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Enrol a machine as a node.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The node's name; it becomes its host name.") var name: String
    @Option(help: "Hardware address of a card it boots from; may be given several times.") var mac: [String] =
        []
    @Option(help: "SMBIOS UUID.") var uuid: String?
    @Option(help: "The group it is in.", completion: .groups) var group = "/"
    @Option(help: "A fixed address outside the pools.") var address: String?

    func run() async throws {
        try await reportingFailure {
            let name = try NodeName(name)
            let node = Node(
                name: name, group: try GroupPath(group),
                macAddresses: try mac.map {
                    try parsed($0, "hardware address (52:54:00:12:34:56)", { MACAddress($0) })
                },
                uuid: try uuid.map {
                    try parsed($0, "UUID (12345678-1234-5678-1234-56789abcdef0)", { MachineUUID($0) })
                },
                address: try address.map { try parsed($0, "IPv4 address (10.77.0.7)", { IPv4Address($0) }) })
            guard !node.macAddresses.isEmpty || node.uuid != nil else {
                throw Failure(text: "name the node's --mac or --uuid", code: 64)
            }
            try await server.client.make(.init(.node(node.name, node), isNew: true))
        }
    }
}

/// `text` as a value of a type, or a failure that says which type.
func parsed<T>(_ text: String, _ what: String, _ parse: (String) -> T?) throws -> T {
    guard let value = parse(text) else { throw Failure(text: "‘\(text)’ is not a valid \(what)", code: 64) }
    return value
}

struct NodeTag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Add tags to nodes, or remove them.",
        discussion: """
            roost node tag pc-1 desk -teacher
            roost node tag --yes 'lab-[1-40]' lab
            """)
    @OptionGroup var server: ServerOptions
    @Argument(
        help: "Node name or hardware address, or a condition in one word: 'lab-[1-40]'.", completion: .nodes)
    var node: String
    @Argument(help: "TAG to add, or -TAG to remove.") var tags: [String]
    @Flag(help: "Do not ask when there are several nodes.") var yes = false

    func run() async throws {
        try await reportingFailure {
            let nodes = NodeChoice(query: [node], yes: yes)
            try await nodes.change(server.client, toBe: "tagged") { record in
                for tag in tags {
                    if tag.hasPrefix("-") {
                        record.tags.removeAll { $0 == tag.dropFirst() }
                    } else {
                        record.tags.append(tag)
                    }
                }
            }
        }
    }
}

struct NodeMove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Move nodes to another group.",
        discussion: """
            roost node move pc-1 /school/room-12
            roost node move 'lab-[1-40]' /school/lab
            """)
    @OptionGroup var server: ServerOptions
    @Argument(
        help: "Node name or hardware address, or a condition in one word: 'lab-[1-40]'.", completion: .nodes)
    var node: String
    @Argument(help: "The group.", completion: .groups) var group: String
    @Flag(help: "Do not ask when there are several nodes.") var yes = false

    func run() async throws {
        try await reportingFailure {
            let group = try GroupPath(group)
            let nodes = NodeChoice(query: [node], yes: yes)
            try await nodes.change(server.client, toBe: "moved to \(group)") { $0.group = group }
        }
    }
}

struct NodeRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a node; its machine is unknown afterwards.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The node's name.", completion: .nodes) var node: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.DELETE, "nodes/\(APIClient.escaped(node))", body: nil)
        }
    }
}
