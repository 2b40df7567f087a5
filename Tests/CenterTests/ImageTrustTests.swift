import Commands
import Fleet
import Foundation
import Testing

@testable import Center

/// Signatures of versions.
@Suite struct ImageTrustTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func key() throws -> ImageSigningKey {
        try ImageSigningKey(creatingAt: "\(directory.path)/\(UUID())")
    }

    private func digest(_ character: Character) throws -> Digest {
        try #require(Digest(String(repeating: character, count: 64)))
    }

    @Test func `only a signature of this digest by a trusted key counts`() throws {
        let (ours, theirs) = (try key(), try key())
        let trust = try ImageTrust(keys: [ours.publicKey])
        let (a, b) = (try digest("a"), try digest("b"))
        #expect(trust.isTrusted(a, [theirs.sign(a), ours.sign(a)]))
        #expect(!trust.isTrusted(a, []))
        #expect(!trust.isTrusted(a, [theirs.sign(a)]))
        #expect(!trust.isTrusted(b, [ours.sign(a)]))
        let claimed = ImageSignature(key: ours.publicKey, signature: theirs.sign(a).signature)
        #expect(!trust.isTrusted(a, [claimed]))
        #expect(!trust.isTrusted(a, [ImageSignature(key: ours.publicKey, signature: "no base64")]))
    }

    @Test func `without keys everything is served, and an invalid key is refused`() throws {
        #expect(try ImageTrust(keys: []).isTrusted(digest("a"), []))
        for text in ["", "abcd", String(repeating: "A", count: 45)] {
            #expect(throws: InvalidSetting.self) { try ImageTrust(keys: [text]) }
        }
    }

    @Test func `a key is read back from its file, which only its owner can read`() throws {
        let path = "\(directory.path)/key"
        let key = try ImageSigningKey(creatingAt: path)
        #expect(try ImageSigningKey(readingFrom: path).publicKey == key.publicKey)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(throws: StoreError.self) { try ImageSigningKey(creatingAt: path) }
        try Data("nothing".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.self) { try ImageSigningKey(readingFrom: path) }
    }

    @Test func `a build that could not be signed is refused before it begins`() async throws {
        let image = try ImageName("debian")
        for keys in [[], [try key().publicKey]] {
            let services = try await CenterServices.alone(in: directory, keys: keys)
            await services.builds.use { _ in }
            func order() async throws -> Bool {
                _ = try await services.builds.start(image, suite: "bookworm", packages: [], by: "test", nil)
                return true
            }
            if keys.isEmpty {
                #expect(try await order())
            } else {
                await #expect(throws: StoreError.self) { try await order() }
            }
        }
    }
}
