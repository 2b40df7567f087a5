import API
import Fleet
import Foundation
import Sealing
import Testing
import Wire

@testable import Center

extension SecretMinter {
    /// With host keys of a server of its own.
    static func ofTests(programDirectory: String? = nil) -> Self {
        let secrets = NodeSecrets()
        return Self(
            hostKey: { secrets.hostKey(of: $0.text, number: $1) }, programDirectory: programDirectory)
    }
}

/// A fleet with the node pc-1 (10.0.0.7), a secret that is minted, and what takes its claims.
final class MintBench: Sendable {
    let directory: TemporaryDirectory
    let services: CenterServices
    let mints: SecretMints
    let recorder: ReportRecorder
    let minter: SecretMinter
    private let given: AsyncStream<[SecretDelivery]>
    static let name = "minted"

    /// - Parameter former: one whose server was killed; nil: an empty fleet.
    init(after former: MintBench? = nil) async throws {
        directory = try former?.directory ?? TemporaryDirectory()
        services = try await CenterServices.alone(in: directory)
        let (stream, continuation) = AsyncStream.makeStream(of: [SecretDelivery].self)
        given = stream
        minter = SecretMinter.ofTests(programDirectory: "\(directory.path)/programs")
        let give: @Sendable ([SecretDelivery]) -> Void = { continuation.yield($0) }
        mints = SecretMints(fleet: services.fleet, minter: minter, logger: .silent, give: give)
        recorder = ReportRecorder(
            fleet: services.fleet, volumes: services.volumes, logs: services.logs, logger: .silent,
            minter: minter, deliver: give, clockJumped: {})
        let node = try NodeName("pc-1")
        try await services.fleet.change(by: "test") { snapshot in
            guard snapshot.nodes[node] == nil else { return [] }
            return [.node(node, Node(name: node, macAddresses: [], address: IPv4Address("10.0.0.7")))]
        }
    }

    var acts: Acts { Acts(services: services, caller: .local) }
    var store: any FleetStore { services.fleet.store }

    @discardableResult
    func add(_ minted: MintingRequest, value: String? = nil, arming: Secret.Arming = .eachBoot) async throws
        -> SecretAnswer
    {
        try await acts.addSecret(
            SecretRequest(
                name: try SecretName(Self.name), path: "/run/minted", arming: arming, value: value,
                minted: minted)
        ).record
    }

    /// A program in the bench's directory.
    func program(_ text: String, mode: Int = 0o755, named name: String = "ticket") throws -> String {
        let place = "\(directory.path)/programs"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let path = "\(place)/\(name)"
        try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    func claim(_ boot: String = "one", node: String = "pc-1") throws -> SecretClaim {
        SecretClaim(
            machine: MACAddress(rawValue: 7), node: try NodeName(node), group: .site, boot: boot, key: "a",
            at: Clock.second)
    }

    /// The order for a boot, as the store gives it.
    func order(_ boot: String = "one") async throws -> MintOrder {
        let delivery = try #require(try await store.claim([claim(boot)]).first)
        return try #require(delivery.orders.first)
    }

    func mint(_ boot: String = "one") async throws -> SecretMinter.Minted {
        let order = try await order(boot)
        return try await minter.mint(order, in: services.fleet.snapshot, now: Clock.second)
    }

    /// Why it was not minted.
    func failure(_ boot: String = "one") async throws -> String {
        do {
            let minted = try await mint(boot)
            Issue.record("it was minted: \(minted)")
            return ""
        } catch let failure as MintFailure { return failure.description }
    }

    /// What the data planes get next.
    func nextDelivery() async throws -> SecretDelivery {
        for await some in given { if let first = some.first { return first } }
        throw CancellationError()
    }

    func receipt() async throws -> SecretReceiptAnswer {
        try #require(try await acts.secret(SecretName(Self.name)).record.receipts?.first)
    }
}
