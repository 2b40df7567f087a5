import ArgumentParser
import Commands
import Foundation
import Images
import Testing

@testable import RoostCommand

/// What is wrong with the options of a build is said before the server is asked, and before anything is built.
@Suite struct PackingOptionsTests {
    private static let known = ImageLint.Rule.allCases.map(\.rawValue)
    private static let server = ["--socket", "/nonexistent/api.sock"]

    private func failure(_ words: [String]) async throws -> (any Error)? {
        let options = try PackingOptions.parse(Self.server + words)
        return await #expect(throws: (any Error).self) {
            try await options.publish("debian") { _, _ in
                Issue.record("something was built")
                throw CancellationError()
            }
        }
    }

    @Test(arguments: [
        (["--compression", "huge"], "--compression is fast or small"),
        (["--compression", ""], "--compression is fast or small"),
        (["--compression", "Fast"], "--compression is fast or small"),
        (["--allow", "nothing"], "there is no finding ‘nothing’"),
        (["--allow", "\(known[0]),nothing"], "there is no finding ‘nothing’"),
    ])
    func `a word that is none is named, with code 64`(words: [String], text: String) async throws {
        let failure = try #require(try await failure(words) as? Failure)
        #expect(failure.code == 64 && failure.text.contains(text), "\(failure.text)")
    }

    @Test func `all findings may be allowed at once, several times, and with commas`() async throws {
        let words = ["--allow", Self.known.joined(separator: ","), "--allow", Self.known[0], "--allow", ","]
        // Then there is no server.
        let failure = try await failure(words + ["--compression", "small"]) as? Failure
        #expect(failure?.code != 64)
    }

    @Test func `a key that cannot be read and a name that is none are refused`() async throws {
        _ = try await failure(["--sign", "/nonexistent/key"])
        let options = try PackingOptions.parse(Self.server)
        for name in ["", "a b", "../x", String(repeating: "a", count: 300)] {
            await #expect(throws: (any Error).self, "\(name)") {
                try await options.publish(name) { _, _ in throw CancellationError() }
            }
        }
    }

    @Test func `paths for other programs are absolute`() throws {
        let options = try PackingOptions.parse(["--cache", "some/cache"])
        #expect(options.cachePath.hasPrefix("/") && options.cachePath.hasSuffix("/some/cache"))
    }
}
