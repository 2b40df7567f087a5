import API
import Commands
import Fleet
import Foundation
import Hummingbird
import NIOCore
import Testing

@testable import Center

/// A server that copies from a compromised one.
@Suite struct HostileSourceTests {
    private let directory: TemporaryDirectory
    private let image: ImageName

    init() throws {
        directory = try TemporaryDirectory()
        image = try ImageName("debian")
        try Data("roost_token\n".utf8).write(to: URL(fileURLWithPath: "\(directory.path)/token"))
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/copy", withIntermediateDirectories: false)
    }

    private func digest(_ number: Int) throws -> Digest {
        try #require(Digest(String(repeating: "\(number)", count: 64)))
    }

    private func manifest(_ number: Int, files: [ImageManifest.File] = []) -> ImageManifest {
        ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1.\(number)", system: "Debian",
            files: files,
            packages: [], origin: "test")
    }

    private func answer(
        _ number: Int, channels: [ChannelName] = [.stable], signatures: [ImageSignature] = [],
        move: ChannelMove? = nil, files: [ImageManifest.File] = []
    ) throws -> VersionAnswer {
        VersionAnswer(
            image: image, number: number, digest: try digest(number), publishedAt: 1, publishedBy: "",
            channels: channels, openConnections: 0, manifest: manifest(number, files: files), tags: [],
            signatures: signatures, isTrusted: true, moves: move.map { [$0] })
    }

    /// Polls a source once whose list is `list` and whose files are all `file`.
    ///
    /// - Returns: the error.
    private func look(
        _ services: CenterServices, at list: [VersionAnswer], file: Response? = nil, reporting: Int = 204
    ) async throws -> String? {
        let list = String(decoding: try JSONEncoder().encode(list), as: UTF8.self)
        return try await look(services, at: list, file: file, reporting: reporting)
    }

    private func look(
        _ services: CenterServices, at list: String, file: Response? = nil, reporting: Int = 204
    ) async throws -> String? {
        let directory = directory
        return try await LoopbackServer.serve { method, path in
            if method == "PUT" { return Response(status: .init(code: reporting)) }
            if path.hasSuffix("/images") { return LoopbackServer.json(list) }
            return file ?? Response(status: .notFound)
        } _: { url in
            let replication = ImageReplication(
                sources: [
                    ReplicationSource(url: url, tokenPath: "\(directory.path)/token", channels: [.stable])
                ], name: "school-2", fleet: services.fleet, shelf: services.shelf,
                files: PullsInto(directory: "\(directory.path)/copy"), logger: .silent)
            let running = Task { try await replication.run() }
            defer { running.cancel() }
            while await replication.sourceAnswers.first?.round == 0 {
                try await Task.sleep(for: .milliseconds(5))
            }
            return await replication.sourceAnswers.first?.problem
        }
    }

    // MARK: Channels

    @Test
    func
        `a followed channel moves neither back nor without the publisher, even after a restart`()
        async throws
    {
        let key = try ImageSigningKey(creatingAt: "\(directory.path)/key")
        var services = try await CenterServices.alone(in: directory, keys: [key.publicKey])
        for number in 1...3 {
            _ = try await services.fleet.publish(
                manifest(number), digest: digest(number), signatures: [key.sign(digest(number))], by: "test")
        }
        func stable() -> Int? { services.fleet.snapshot.images[image]?.channels[.stable] }
        func move(to number: Int, at second: Int, by key: ImageSigningKey) throws -> ChannelMove {
            try key.sign(moving: .stable, of: image, to: digest(number), after: nil, second: second)
        }
        #expect(stable() == 1)
        // As before signed moves existed: forward, but not back.
        #expect(try await look(services, at: [answer(2)]) == nil)
        #expect(stable() == 2)
        #expect(try await look(services, at: [answer(1)])?.contains("one back") == true)
        #expect(stable() == 2)

        #expect(try await look(services, at: [answer(3, move: move(to: 3, at: 100, by: key))]) == nil)
        #expect(stable() == 3)
        // From now on only signed moves count: an older one, an unsigned one, one for another version, and one by a stranger have no
        // effect.
        let stranger = try ImageSigningKey(creatingAt: "\(directory.path)/stranger")
        let old = try move(to: 2, at: 90, by: key)
        var forged = old
        forged.counter = 500
        let others = [
            old, nil, try move(to: 3, at: 100, by: key), try move(to: 2, at: 500, by: stranger), forged,
            try move(to: 2, at: 100, by: key),
        ]
        for other in others {
            let problem = try await look(services, at: [answer(2, move: other)])
            #expect(problem?.contains("stays where it is") == true, "\(String(describing: other))")
            #expect(stable() == 3)
        }
        #expect(try await look(services, at: [answer(2, move: old)])?.contains("older (90)") == true)
        // The newest move is on the disk.
        services = try await CenterServices.alone(in: directory, keys: [key.publicKey])
        #expect(try await look(services, at: [answer(2, move: old)])?.contains("older (90)") == true)
        #expect(stable() == 3)
        // The publisher goes back, with a newer move; a source that accepts no reports is still followed.
        let back = try key.sign(
            moving: .stable, of: image, to: digest(2), after: move(to: 3, at: 100, by: key), second: 50)
        #expect(back.counter == 101)
        #expect(
            try await look(services, at: [answer(2, move: back)], reporting: 403)?.contains("403") == true)
        #expect(stable() == 2)
        // Replicas of this server see the same.
        let shown = try await Acts(services: services, caller: .local).versions(of: image)
        #expect(shown.compactMap(\.moves).joined().map(\.counter) == [101])
    }

    // MARK: Settings

    @Test func `settings are followed until they are set here, and no secret or invalid one comes`()
        async throws
    {
        let services = try await CenterServices.alone(in: directory)
        _ = try await services.fleet.publish(manifest(1), digest: digest(1), signatures: [], by: "test")
        func own(_ version: Int? = nil) -> ImageSettings? {
            ImageSettings.record(
                at: ImageScope(image, version: version), in: services.fleet.snapshot.contents)
        }
        var offer = try answer(1)
        (offer.settings, offer.imageSettings) = (
            ["time-zone": .text("Europe/Lisbon")], ["locale": .text("pt_PT.UTF-8")]
        )
        // Each look has another address: only the first is the source.
        let source = "https://one:8443"
        func take(_ offer: VersionAnswer, from source: String) async throws {
            _ = try await services.fleet.change(by: "test") {
                try ImageReplication.edits(taking: offer, from: source, in: $0)
            }
        }
        try await take(offer, from: source)
        #expect(own()?.settings == offer.imageSettings && own()?.source == source)
        #expect(own(1)?.settings == offer.settings)
        offer.settings = ["time-zone": .text("Europe/Athens")]
        try await take(offer, from: "https://two:8443")
        #expect(own(1)?.settings != offer.settings)
        try await take(offer, from: source)
        #expect(own(1)?.settings == offer.settings)
        // What a person sets here stays, even nothing.
        let acts = Acts(services: services, caller: .local)
        let change = SettingsChange(target: "image:debian@1", unset: ["time-zone"])
        _ = try await acts.make(ChangeRequest(edits: [.init(settings: change)]))
        try await take(offer, from: source)
        #expect(own(1)?.settings.isEmpty == true && own(1)?.source == nil)
        // Gone there, gone here.
        offer.imageSettings = nil
        try await take(offer, from: source)
        #expect(own() == nil)
    }

    @Test(arguments: [
        "no-such": SettingValue.text("x"), "image": .text("other"), "overlay-size": .text("lots"),
        "enrolment": .text("open"), "root-mode": .text("ram"),
    ])
    func `settings that a version cannot have are refused, and the channel moves all the same`(
        name: String, value: SettingValue
    ) async throws {
        let services = try await CenterServices.alone(in: directory)
        for number in 1...2 {
            _ = try await services.fleet.publish(
                manifest(number), digest: digest(number), signatures: [], by: "test")
        }
        var offer = try answer(2)
        offer.settings = [name: value]
        let problem = try await look(services, at: [offer])
        #expect(problem?.contains("the settings of debian@2 are not taken") == true, "\(problem ?? "")")
        let here = services.fleet.snapshot.images[image]
        #expect(here?.allSettings.isEmpty == true && here?.channels[.stable] == 2)
    }

    @Test func `a server that wants signatures takes no settings, which have none`() async throws {
        let key = try ImageSigningKey(creatingAt: "\(directory.path)/key")
        let services = try await CenterServices.alone(in: directory, keys: [key.publicKey])
        let signatures = [try key.sign(digest(1))]
        _ = try await services.fleet.publish(
            manifest(1), digest: digest(1), signatures: signatures, by: "test")
        var offer = try answer(1, signatures: signatures)
        offer.settings = ["commands": .map(["1-evil": "init -- touch /tmp/evil"])]
        offer.imageSettings = offer.settings
        #expect(try await look(services, at: [offer]) == nil)
        #expect(services.fleet.snapshot.images[image]?.allSettings.isEmpty == true)
    }

    // MARK: Sizes

    @Test func `endless data is cut off here`() async throws {
        let services = try await CenterServices.alone(in: directory)
        let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)
        let endless = Response(
            status: .ok,
            body: ResponseBody { writer in
                // Until the other side has enough; a gigabyte is above any limit.
                for _ in 0..<1_024 { try await writer.write(piece) }
                try await writer.finish(nil)
            })
        let manifest = try await look(services, at: [answer(1)], file: endless)
        #expect(manifest?.contains("manifest.json has more than") == true, "\(manifest ?? "")")
        let text = String(decoding: [UInt8](repeating: UInt8(ascii: "x"), count: 65 << 20), as: UTF8.self)
        let list = try await look(services, at: "[\"\(text)\"]")
        #expect(list?.contains("more than 64 MiB") == true, "\(list ?? "")")
    }

    @Test(arguments: [[Int.max, Int.max], [-1, 1], [1 << 41, 1], [1 << 39, 1]])
    func `impossible sizes are refused before anything is fetched`(sizes: [Int]) async throws {
        let services = try await CenterServices.alone(in: directory)
        let files = zip(["kernel", "root.squashfs"], sizes).map { name, size in
            ImageManifest.File(name: name, byteCount: size, sha256: Digest(repeating: 1))
        }
        let problem = try await look(services, at: [answer(1, files: files)])
        #expect(
            ["not the size of a file", "files that do not belong to a version", "MiB are free"].contains {
                problem?.contains($0) == true
            }, "\(problem ?? "")")
    }
}

extension Digest {
    fileprivate init(repeating digit: Int) {
        guard let digest = Self(String(repeating: "\(digit)", count: 64)) else {
            preconditionFailure("64 digits")
        }
        self = digest
    }
}
