import API
import Fleet
import Foundation
import Linux
import NIOSSL
import Testing
import Wire

@testable import Center

/// Tokens for Kubernetes: made at an API server that is known by its authority, and removed again.
@Suite struct MintClusterTests {
    private static let credential = "the credential of the account"

    private static func wish(_ server: String, authority: String = TestCertificates.good) -> MintingRequest {
        var wish = MintingRequest(kind: .kubernetes)
        (wish.server, wish.authority, wish.minutes) = (server, authority, 5)
        return wish
    }

    private static func tls() throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.good.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificate.map { .certificate($0) }, privateKey: .privateKey(key)))
    }

    private static func answer(_ status: Int, _ body: String = "{}") -> ByteServer.Answer {
        ByteServer.Answer(
            bytes: "HTTP/1.1 \(status) Status\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
            isClosing: true)
    }

    @Test(arguments: [
        (401, "does not know the credential"), (403, "may not make tokens"), (409, "status 409"),
        (500, "status 500"), (301, "status 301"),
    ])
    func `what the API server refuses is said, without the credential`(status: Int, failure: String)
        async throws
    {
        let server = try await ByteServer(tls: Self.tls()) { _ in Self.answer(status, Self.credential) }
        let bench = try await MintBench()
        try await bench.add(Self.wish("https://localhost:\(server.port)"), value: "\(Self.credential)\n")
        let said = try await bench.failure()
        #expect(said.contains(failure) && !said.contains(Self.credential), "\(said)")
    }

    @Test func `another authority's server gets no credential, and one that is away is said`() async throws {
        let server = try await ByteServer(tls: Self.tls()) { _ in Self.answer(201) }
        let other = try #require(X509Pair.authority(named: "other")).certificate
        let bench = try await MintBench()
        let url = "https://localhost:\(server.port)"
        try await bench.add(Self.wish(url, authority: other), value: Self.credential)
        #expect(try await bench.failure().contains("is not trusted"))
        try await server.stop()
        #expect(try await bench.failure("two").contains(url))
        let name = try SecretName(MintBench.name)
        // It is not sent elsewhere without being given anew.
        await #expect(throws: InvalidSetting.self) {
            try await bench.acts.changeSecret(name, SecretRequest(minted: Self.wish("https://evil.example")))
        }
    }

    @Test func `a lost answer may have made a token: it is removed at once`() async throws {
        let server = try await ByteServer(tls: Self.tls()) { request in
            request.hasPrefix("POST")
                ? ByteServer.Answer(bytes: "HTTP/1.1 201 C", isClosing: true) : Self.answer(404)
        }
        let bench = try await MintBench()
        try await bench.add(Self.wish("https://localhost:\(server.port)"), value: Self.credential)
        await bench.recorder.write([.secrets(try bench.claim())], of: .secrets)
        #expect(try await bench.nextDelivery().files?.map(\.missing?.text) == [MintBench.name])
        var requests: [String] = []
        for await event in server.events {
            if case .request(let text) = event { requests.append(String(text.prefix { !$0.isNewline })) }
            if requests.count == 2 { break }
        }
        let path = "/api/v1/namespaces/kube-system/secrets"
        #expect(requests[0] == "POST \(path) HTTP/1.1")
        #expect(requests[1].hasPrefix("DELETE \(path)/bootstrap-token-"))
    }

    // MARK: Against the stand-in

    /// A stand-in for an API server.
    private final class Cluster: Sendable {
        let directory: TemporaryDirectory
        let port: Int
        private let process: ChildProcess
        static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Lab/kube-standin.py").standardizedFileURL.path

        init() async throws {
            directory = try TemporaryDirectory()
            let ready = "\(directory.path)/ready"
            let nothing = try FileDescriptor(opening: "/dev/null", flags: 2)
            process = try ChildProcess(
                "/usr/bin/python3",
                [Self.program, "--directory", directory.path, "--port", "0", "--ready", ready],
                input: nothing.number, output: nothing.number, errors: nothing.number)
            var text = ""
            while text.isEmpty, process.isRunning {
                try await Task.sleep(for: .milliseconds(20))
                text = (try? String(contentsOfFile: ready, encoding: .utf8)) ?? ""
            }
            port = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }

        deinit {
            process.signal(15)
            process.wait()
        }

        var server: String { "https://127.0.0.1:\(port)" }
        func file(_ name: String) throws -> String {
            try String(contentsOfFile: "\(directory.path)/\(name)", encoding: .utf8)
        }

        /// Asks as a token or, without one, as the administrator.
        func ask(_ method: String, _ path: String, token: String? = nil, body: String? = nil) throws -> (
            status: Int, text: String
        ) {
            let place = directory.path
            var words = [
                "-s", "-m", "20", "--cacert", "\(place)/ca.crt", "-X", method, "-w", "\\n%{http_code}",
                "-H", "Content-Type: application/json",
            ]
            words +=
                token.map { ["-H", "Authorization: Bearer \($0)"] }
                ?? ["--cert", "\(place)/admin.crt", "--key", "\(place)/admin.key"]
            if let body { words += ["-d", body] }
            let result = try LimitedProgram("/usr/bin/curl", words + ["\(server)\(path)"], environment: [:])
                .run(secondLimit: 30, outputLimit: 60_000)
            var lines = String(decoding: result.output, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            let status = lines.popLast().flatMap { Int($0) } ?? 0
            return (status, lines.joined(separator: "\n"))
        }
    }

    private static let hasCluster = [Cluster.program, "/usr/bin/curl", "/usr/bin/python3"].allSatisfy {
        FileManager.default.fileExists(atPath: $0)
    }

    @Test(.enabled(if: hasCluster, "Lab/kube-standin.py, curl and python3 are needed"))
    func `a token lets its node ask for a certificate until it has joined, and goes with it`() async throws {
        let cluster = try await Cluster()
        let bench = try await MintBench()
        try await bench.add(
            Self.wish(cluster.server, authority: cluster.file("ca.crt")), value: cluster.file("roost.token"))
        await bench.recorder.write([.secrets(try bench.claim())], of: .secrets)
        let files = try #require(try await bench.nextDelivery().files)
        #expect(files.map(\.path) == ["/run/minted", "/run/minted.kubeconfig"])
        #expect(files.allSatisfy { $0.mode == 0o600 })
        let token = String(decoding: files[0].content, as: UTF8.self).trimmingCharacters(in: .newlines)
        #expect(token.wholeMatch(of: /[a-z0-9]{6}\.[a-z0-9]{16}/) != nil)
        #expect(String(decoding: files[1].content, as: UTF8.self).contains("token: \(token)\n"))
        let requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
        #expect(try cluster.ask("GET", requests, token: token).status == 200)
        await bench.recorder.write([.secretsSent(try bench.claim())], of: .secrets)
        await bench.mints.sweepOnce()
        #expect(try cluster.ask("GET", requests, token: token).status == 200)
        let receipt = try await bench.receipt()
        #expect(receipt.minted == "token \(token.prefix(6)) of \(cluster.server)")
        #expect(receipt.state == "sent" && receipt.expiresAt != nil)
        // The node joins: nobody needs the token any more.
        let object = #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"pc-1"}}"#
        #expect(try cluster.ask("POST", "/api/v1/nodes", body: object).status == 201)
        await bench.mints.sweepOnce()
        #expect(try cluster.ask("GET", requests, token: token).status == 401)
        #expect(try await bench.receipt().state == "used")
        // The node is removed, and leaves the cluster.
        try await bench.services.fleet.change(by: "test") { _ in [.node(try NodeName("pc-1"), nil)] }
        await bench.mints.sweepOnce()
        #expect(try cluster.ask("GET", "/api/v1/nodes/pc-1").status == 404)
        #expect(try await bench.receipt().state == "removed")
    }

    @Test(.enabled(if: hasCluster, "Lab/kube-standin.py, curl and python3 are needed"))
    func `a token of a killed server, of an earlier boot, or of a removed node is worth nothing`()
        async throws
    {
        let cluster = try await Cluster()
        var bench = try await MintBench()
        try await bench.add(
            Self.wish(cluster.server, authority: cluster.file("ca.crt")), value: cluster.file("roost.token"))
        let requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
        func token(_ boot: String, isSent: Bool) async throws -> String {
            let claim = try bench.claim(boot)
            await bench.recorder.write([.secrets(claim)], of: .secrets)
            let content = try #require(try await bench.nextDelivery().files?.first).content
            if isSent { await bench.recorder.write([.secretsSent(claim)], of: .secrets) }
            return String(decoding: content, as: UTF8.self).trimmingCharacters(in: .newlines)
        }
        let lost = try await token("one", isSent: false)
        #expect(try cluster.ask("GET", requests, token: lost).status == 200)
        bench = try await MintBench(after: bench)
        await bench.mints.noteLost()
        await bench.mints.sweepOnce()
        // The node may have it, until it asks again.
        #expect(try cluster.ask("GET", requests, token: lost).status == 200)
        let earlier = try await token("two", isSent: true)
        await bench.mints.sweepOnce()
        #expect(try cluster.ask("GET", requests, token: lost).status == 401)
        let later = try await token("three", isSent: true)
        await bench.mints.sweepOnce()
        #expect(try cluster.ask("GET", requests, token: earlier).status == 401)
        #expect(try cluster.ask("GET", requests, token: later).status == 200)
        try await bench.services.fleet.change(by: "test") { _ in [.node(try NodeName("pc-1"), nil)] }
        await bench.mints.sweepOnce()
        #expect(try cluster.ask("GET", requests, token: later).status == 401)
    }
}
