import API
import ArgumentParser
import ConfigurationFile
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost node set`: the machine's own data in a node's record.
struct NodeSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a node's hardware addresses, UUID, fixed address, group or tags.",
        discussion: """
            roost node set pc-7 --mac 52:54:00:12:34:56      after its network card was replaced
            roost node set pc-7 --address 10.77.0.7          or --no-address, for one from the pool
            Everything else stays. ‘roost set --node’ changes settings.
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String
    @Option(help: "Its hardware address, instead of the present ones; may be given several times.")
    var mac: [String] = []
    @Option(help: "A hardware address to add; may be given several times.") var addMac: [String] = []
    @Option(help: "A hardware address to remove; may be given several times.")
    var removeMac: [String] = []
    @Option(help: "SMBIOS UUID.") var uuid: String?
    @Flag(help: "Remove its UUID.") var noUuid = false
    @Option(help: "A fixed address outside the pools.") var address: String?
    @Flag(help: "Remove its fixed address: it gets one from a pool.") var noAddress = false
    @Option(help: "The group it is in.", completion: .groups) var group: String?
    @Option(help: "Its tag, instead of the present ones; may be given several times.") var tag: [String] = []

    func validate() throws {
        if address != nil, noAddress { throw ValidationError("use either --address or --no-address") }
        if uuid != nil, noUuid { throw ValidationError("use either --uuid or --no-uuid") }
        if !mac.isEmpty, !addMac.isEmpty || !removeMac.isEmpty {
            throw ValidationError("--mac replaces all of them: leave out --add-mac and --remove-mac")
        }
    }

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let (record, tag) = try await client.getTagged(
                "nodes/\(APIClient.escaped(node))", NodeAnswer.self)
            guard record.isKnown else {
                throw Failure(
                    text: "\(node) is an unknown machine (roost node approve makes it a node)", code: 3)
            }
            let patch = try patch(of: record.node)
            guard !patch.isEmpty else {
                throw Failure(text: "nothing to change: --mac, --uuid, --address, --group or --tag", code: 64)
            }
            // Cards that are added to those that were read.
            let dependsOnState = !addMac.isEmpty || !removeMac.isEmpty
            try await client.send(
                .PATCH, "nodes/\(record.node.name)",
                body: RecordPatch.json(patch),
                ifMatch: dependsOnState ? tag : nil)
        }
    }

    /// The changes to `record`, in the form of RFC 7396.
    private func patch(of record: Node) throws -> [String: JSONTree] {
        func card(_ text: String) throws -> MACAddress {
            try parsed(text, "hardware address (52:54:00:12:34:56)", { MACAddress($0) })
        }
        var patch: [String: JSONTree] = [:]
        if !mac.isEmpty || !addMac.isEmpty || !removeMac.isEmpty {
            let gone = try removeMac.map(card)
            for one in gone where !record.macAddresses.contains(one) {
                throw Failure(text: "\(record.name) has no hardware address \(one)", code: 3)
            }
            let kept = mac.isEmpty ? record.macAddresses.filter { !gone.contains($0) } : []
            patch["macAddresses"] = .list(try (kept + (mac + addMac).map(card)).map(\.description))
        }
        if let uuid {
            let parsed = try parsed(
                uuid, "UUID (12345678-1234-5678-1234-56789abcdef0)", { MachineUUID($0) })
            patch["uuid"] = .string(parsed.description)
        }
        if noUuid { patch["uuid"] = .null }
        if let address {
            let parsed = try parsed(address, "IPv4 address (10.77.0.7)", { IPv4Address($0) })
            patch["address"] = .string(parsed.description)
        }
        if noAddress { patch["address"] = .null }
        if let group { patch["group"] = .string(try GroupPath(group).description) }
        if !tag.isEmpty { patch["tags"] = .list(tag) }
        return patch
    }
}
