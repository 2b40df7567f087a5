import Fleet
import Foundation
import GRDB
import Sealing
import Testing
import Wire

@testable import StoreSQLite

/// A store that goes back to an earlier state, as by a restore: what has ended since does not begin again.
@Suite final class StateReturnTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())")
        .path
    private let image: ImageName
    private let keys = NodeSecrets()
    private let publisher = SigningKey()

    init() throws {
        image = try ImageName("debian")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func open(_ name: String) throws -> SQLiteStore {
        try SQLiteStore(path: "\(directory)/\(name)", secrets: keys)
    }

    /// A store with one of each that can end, and its copy, as a backup has it.
    private func both() async throws -> (present: SQLiteStore, backup: SQLiteStore) {
        let store = try open("present")
        for name in ["ann", "eve"] {
            try await store.save(
                Administrator(name: name, grants: [Grant(.admin)]), passwordHash: "old \(name)", by: "test")
            let session = LoginSession(administrator: name, csrfToken: "c", createdAt: 1, seenAt: 1)
            try await store.addSession(session, hash: "cookie of \(name)")
        }
        for name in ["kept", "stolen"] {
            try await store.addToken(
                APIToken(id: 0, name: name, owner: "ann", grants: [], createdAt: 1, expiresAt: nil),
                hash: name)
            try await store.addBoardLink(
                BoardLink(id: 0, name: name, group: .site, createdBy: "ann", createdAt: 1, expiresAt: nil),
                hash: "link \(name)")
        }
        let node = Node(name: try NodeName("pc-1"), macAddresses: [])
        let secret = Secret(
            name: try SecretName("word"), group: .site, arming: .nextBoot, changedAt: 5)
        let server = TerminalServer(name: try TerminalName("ts-1"), address: "10.77.0.11")
        try await store.make(by: "ann") { _ in
            [
                .node(node.name, node), .secret(secret.name, secret, value: Array("sesame".utf8)),
                .terminal(
                    server.name, server,
                    agent: AgentCertificates([.init(fingerprint: Self.fingerprint("a"), validUntil: 9)])),
            ]
        }
        _ = try await publish(store, "a")
        try await move(store, to: "a", counter: 5)
        try SchemaSteps.copy(path: "\(directory)/present", to: "\(directory)/backup")
        return (store, try open("backup"))
    }

    private static func digest(_ digit: String) throws -> Fleet.Digest {
        let digest = Fleet.Digest(fingerprint(digit))
        return try #require(digest)
    }

    private static func fingerprint(_ digit: String) -> String { String(repeating: digit, count: 64) }

    private func publish(_ store: SQLiteStore, _ digit: String) async throws -> ImageVersion {
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "", files: [], packages: [],
            origin: "")
        let digest = try Self.digest(digit)
        return try await store.addVersion(manifest, digest: digest, signatures: [], by: "ann")
    }

    private func move(
        _ store: SQLiteStore, to digit: String, counter: Int, by publisher: SigningKey? = nil
    ) async throws {
        let publisher = publisher ?? self.publisher
        let digest = try Self.digest(digit)
        let message = ChannelMove.message(moving: .stable, of: image, to: digest, counter: counter)
        let move = ChannelMove(
            channel: .stable, digest: digest, counter: counter,
            key: Data(publisher.publicBytes).base64EncodedString(),
            signature: Data(publisher.signature(of: Array(message.utf8))).base64EncodedString())
        try await store.make(by: "ann") { _ in [.move(image, move)] }
    }

    private func claim(_ boot: String, key: String) throws -> SecretClaim {
        SecretClaim(
            machine: MACAddress(rawValue: 1), node: try NodeName("pc-1"), group: .site, boot: boot, key: key,
            at: 7)
    }

    @Test func `what was revoked, disabled, used up or counted up since the backup stays so`() async throws {
        let (present, backup) = try await both()
        let (ann, eve) = (
            Administrator(name: "ann", grants: [Grant(.admin)]),
            Administrator(name: "eve", grants: [Grant(.admin)])
        )
        try await present.save(ann, passwordHash: "new", by: "ann")
        var disabled = eve
        disabled.isDisabled = true
        try await present.save(disabled, passwordHash: nil, by: "ann")
        let contents = try await present.snapshot().contents
        let stolen = try #require(contents.access.tokens.values.first { $0.name == "stolen" })
        let link = try #require(contents.access.boardLinks.values.first { $0.name == "stolen" })
        let server = TerminalServer(name: try TerminalName("ts-1"), address: "10.77.0.11")
        try await present.make(by: "ann") { _ in
            [
                .token(stolen.id, nil), .boardLink(link.id, nil),
                .terminal(server.name, server, agent: AgentCertificates()),
            ]
        }
        let used = try await present.claim([claim("one", key: "a")])
        #expect(used.first?.files?.count == 1)
        _ = try await publish(present, "b")
        try await move(present, to: "b", counter: 8)

        let outcome = try #require(try await backup.takeEnds(from: present))
        #expect(outcome.kept.count == 7, "\(outcome.kept)")
        #expect(try await backup.tokens(of: nil).map(\.name) == ["kept"])
        #expect(try await backup.token(hash: "stolen") == nil)
        #expect(try await backup.token(hash: "kept") != nil)
        #expect(try await backup.snapshot().contents.access.boardLinks.values.map(\.name) == ["kept"])
        for name in ["ann", "eve"] { #expect(try await backup.session(hash: "cookie of \(name)") == nil) }
        // Neither the one that was changed, nor what others may have set.
        #expect(try await backup.passwordHash(of: "ann") == nil)
        #expect(try await backup.passwordHash(of: "eve") == "old eve")
        #expect(try await backup.administrator(named: "eve")?.isDisabled == true)
        #expect(try await backup.agentCertificates().isEmpty)
        let again = try await backup.claim([claim("two", key: "b")])
        #expect(again.first?.files?.isEmpty == true)
        #expect(try await backup.snapshot().images[image]?.moves[.stable]?.counter == 8)
        let last = try #require(try await backup.revisions(RevisionFilter(limit: 1)).first)
        #expect(last.who == "roost restore")
        // A second time, as after a restore that was interrupted, nothing is left to do.
        #expect(try await backup.takeEnds(from: present) == nil)
    }

    @Test func `what people changed for a reason that a program does not know is told`() async throws {
        let (present, backup) = try await both()
        try await present.make(by: "ann") { $0.edits(removingAdministrator: "eve") }
        var secret = try #require(try await present.snapshot().contents.secrets.values.first)
        secret.version += 1
        let changed = secret
        try await present.make(by: "ann") { _ in
            [.secret(changed.name, changed, value: Array("new".utf8))]
        }
        let outcome = try #require(try await backup.takeEnds(from: present))
        #expect(outcome.again.contains("account eve, which was removed"))
        #expect(outcome.again.contains { $0.hasPrefix("secret word version") }, "\(outcome.again)")
    }

    @Test func `nothing that gives access comes from the later state, which others may have written`()
        async throws
    {
        let (present, backup) = try await both()
        let server = TerminalServer(name: try TerminalName("ts-1"), address: "10.77.0.11")
        try await present.make(by: "eve") { _ in
            [
                .administrator(
                    "mallory", Administrator(name: "mallory", grants: [Grant(.admin)]), passwordHash: "x"),
                .terminal(
                    server.name, server,
                    agent: AgentCertificates([.init(fingerprint: Self.fingerprint("f"), validUntil: 9)])),
            ]
        }
        try await present.addToken(
            APIToken(id: 0, name: "hers", owner: "eve", grants: [], createdAt: 1, expiresAt: nil),
            hash: "hers")
        let forged = ChannelMove(
            channel: .stable, digest: try Self.digest("a"), counter: ChannelMove.counterLimit,
            key: Data(publisher.publicBytes).base64EncodedString(),
            signature: Data([UInt8](repeating: 0, count: 64)).base64EncodedString())
        try await present.make(by: "eve") { [image] _ in [.move(image, forged)] }
        let outcome = try #require(try await backup.takeEnds(from: present))
        #expect(outcome.kept.count == 1, "\(outcome.kept)")
        #expect(try await backup.administrator(named: "mallory") == nil)
        #expect(try await backup.token(hash: "hers") == nil)
        #expect(try await backup.tokens(of: nil).count == 2)
        #expect(try await backup.agentCertificates().isEmpty)
        #expect(try await backup.snapshot().images[image]?.moves[.stable]?.counter == 5)
    }

    @Test func `a move that another key signed takes no trusted one's place`() async throws {
        let (present, backup) = try await both()
        try await move(present, to: "a", counter: 9, by: SigningKey())
        #expect(try await backup.takeEnds(from: present)?.kept == [])
        #expect(try await backup.snapshot().images[image]?.moves[.stable]?.counter == 5)
    }

    @Test func `a store that is no later state of the backup decides nothing`() async throws {
        let (present, backup) = try await both()
        let other = try open("other")
        #expect(try await backup.takeEnds(from: other) == nil)
        // The backup went on by itself: it is the later one.
        try await backup.save(
            Administrator(name: "bob", grants: [Grant(.admin)]), passwordHash: "x", by: "bob")
        #expect(try await backup.takeEnds(from: present) == nil)
        #expect(try await backup.tokens(of: nil).count == 2)
        #expect(try await present.takeEnds(from: backup)?.kept == [])
        #expect(try await present.tokens(of: nil).count == 2)
    }

    @Test func `a state that was copied back passes over what was given out, and log-ins end`() async throws {
        let (_, copy) = try await both()
        let newest = try await copy.snapshot().revision
        #expect(try await copy.passOver(to: newest) == nil)
        #expect(try await copy.session(hash: "cookie of ann") != nil)
        let lost = try #require(try await copy.passOver(to: newest + 5))
        #expect(lost.numbers == newest + 1...newest + 5)
        #expect(try await copy.session(hash: "cookie of ann") == nil)
        // It is said after a restart, too, and its numbers are not given again.
        let again = try open("backup")
        #expect(try await again.lostRevisions() == lost)
        #expect(try await again.passOver(to: newest + 5) == nil)
        #expect(try await again.snapshot().revision == newest + 6)
        #expect(try await again.tokens(of: nil).count == 2)
        let last = try #require(try await again.revisions(RevisionFilter(limit: 1)).first)
        #expect(last.what.contains("revisions \(lost.text) are missing"))
    }

    @Test func `a restore gives no number again that was given out`() async throws {
        let (present, backup) = try await both()
        try await present.make(by: "ann") { $0.edits(removingAdministrator: "eve") }
        let newest = try await present.snapshot().revision
        _ = try await backup.takeEnds(from: present)
        #expect(try await backup.snapshot().revision == newest + 1)
        // It knows what it has left behind: that is no surprise.
        #expect(try await backup.lostRevisions() == nil)
    }
}
