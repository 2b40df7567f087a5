import API
import ArgumentParser
import Fleet
package import Foundation
import HTTPClient
import NIOCore
package import NIOHTTP1
import NetworkErrors
import Wire

/// How a command reaches the server.
package struct ServerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server's local socket (or ROOST_SOCKET).", valueName: "path"))
    var socket = ServerOptions.environment("ROOST_SOCKET") ?? ServerSocket.path

    @Option(help: ArgumentHelp("A server elsewhere: https://HOST:PORT (or ROOST_SERVER).", valueName: "url"))
    var server: String?
    @Option(
        help: ArgumentHelp(
            "Its token (better in ROOST_TOKEN: others see a command's words).", valueName: "token"))
    var token: String?
    @Option(
        help: ArgumentHelp(
            "Its certificate, if no authority of this host signed it (or ROOST_CERTIFICATE).",
            valueName: "file"))
    var certificate: String?

    package init() {}

    package var client: APIClient {
        APIClient(
            socketPath: socket, server: server ?? Self.environment("ROOST_SERVER"),
            token: token ?? Self.environment("ROOST_TOKEN"),
            certificatePath: certificate ?? Self.environment("ROOST_CERTIFICATE"))
    }

    /// A variable's value; nil when it is empty, as scripts leave it.
    private static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// The `--at` option of read commands.
struct TimeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "As it was then: a time such as 2026-11-21T10:00:00Z, a day (from 00:00 UTC), or an age such as 30m, 2h, 7d.",
            valueName: "time"))
    var at: String?

    func validate() throws {
        do { if let at { _ = try PastMoment(at) } } catch { throw ValidationError(error.description) }
    }

    /// `?at=…` for a moment in the past.
    var query: String { at.map { "?at=\(APIClient.escaped($0))" } ?? "" }

    /// The same, appended to a query.
    var furtherQuery: String { at.map { "&at=\(APIClient.escaped($0))" } ?? "" }
}

/// The API over the local socket.
package struct APIClient {
    private static let answerByteLimit = 256 << 20
    /// The server's reader refuses longer ones, without a word about what they are.
    static let pathByteLimit = 60_000
    /// For requests that read or copy as much as a disk holds.
    package static let longPatience = Duration.seconds(7_200)
    let socketPath: String
    /// `https://HOST:PORT`; nil for the local socket.
    let server: String?
    let token: String?
    let certificatePath: String?

    package func get<T: Decodable>(_ path: String, _: T.Type = T.self) async throws -> T {
        try JSONDecoder().decode(T.self, from: try await send(.GET, path, body: nil))
    }

    /// A record with the tag of its state, to be given to `send` with a change of it.
    func getTagged<T: Decodable>(_ path: String, _: T.Type = T.self) async throws -> (record: T, tag: String?)
    {
        let (answer, data) = try await answer(.GET, path, body: nil)
        return (try JSONDecoder().decode(T.self, from: data), answer.headers.first(name: "ETag"))
    }

    @discardableResult
    package func send(
        _ method: HTTPMethod, _ path: String, json value: some Encodable, isNew: Bool = false,
        ifMatch: String? = nil, patience: Duration = .seconds(60)
    ) async throws -> Data {
        let encoder = JSONEncoder()
        // What was typed here is on its way to the server.
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        return try await send(
            method, path, body: encoder.encode(value), isNew: isNew, ifMatch: ifMatch, patience: patience)
    }

    /// - Parameters:
    ///   - isNew: whether a record that exists is refused (`If-None-Match: *`).
    ///   - ifMatch: the tag of the state that it is for; in another one it is refused.
    ///   - patience: how long the server may take.
    @discardableResult
    package func send(
        _ method: HTTPMethod, _ path: String, body: Data?, contentType: String = "application/json",
        isNew: Bool = false, ifMatch: String? = nil, patience: Duration = .seconds(60)
    ) async throws -> Data {
        try await answer(
            method, path, body: body, contentType: contentType, isNew: isNew, ifMatch: ifMatch,
            patience: patience
        ).1
    }

    private func answer(
        _ method: HTTPMethod, _ path: String, body: Data?, contentType: String = "application/json",
        isNew: Bool = false, ifMatch: String? = nil, patience: Duration = .seconds(60)
    ) async throws -> (HTTPClientResponse, Data) {
        guard Self.isWhole(path) else {
            throw Failure(text: "a name is required, and it is empty (an unset variable?)", code: 64)
        }
        guard path.utf8.count <= Self.pathByteLimit else {
            throw Failure(
                text:
                    "a name or search in this command has \(path.utf8.count) bytes: all of it has at most \(Self.pathByteLimit) (a file's contents in place of its name?)",
                code: 64)
        }
        var request = HTTPClientRequest(
            url: "\(server ?? "http://localhost")/api/v1/\(path)",
            socketPath: server == nil ? socketPath : nil)
        request.method = method
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let ifMatch { request.headers.add(name: "If-Match", value: ifMatch) }
        if isNew { request.headers.add(name: "If-None-Match", value: "*") }
        if let body {
            request.headers.add(name: "Content-Type", value: contentType)
            request.body = ByteBuffer(bytes: body)
        }
        let (answer, data) = try await self.answer(to: request, within: patience)
        guard (200..<300).contains(answer.status) else {
            let problem = try? JSONDecoder().decode(Problem.self, from: data)
            throw Failure(
                text: problem?.detail
                    ?? "the server answered \(answer.statusText)"
                    + (server?.hasPrefix("http://") == true
                        ? ", and not as Roost does: is https:// meant, or another port?" : ""),
                code: Self.exitCode(of: answer.status))
        }
        return (answer, data)
    }

    /// Whether no name in it is empty. What is left without it may be the path of something else: of a list, or of another act.
    static func isWhole(_ path: String) -> Bool {
        path.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty }
    }

    /// The exit code for an answer that is not a success.
    static func exitCode(of status: Int) -> Int32 {
        switch status {
        case 404: 3
        case 409, 412: 4
        case 503: 5
        default: 1
        }
    }

    private func answer(to request: HTTPClientRequest, within patience: Duration) async throws -> (
        HTTPClientResponse, Data
    ) {
        do {
            let http = try certificatePath.map { try HTTPClient(trusting: $0) } ?? HTTPClient()
            let answer = try await http.execute(request, within: HTTPClientLimits(whole: patience))
            let bytes = try await answer.body.collect(upTo: Self.answerByteLimit)
            return (answer, Data(bytes.readableBytesView))
        } catch let error as HTTPClientError {
            throw unreachable(error)
        }
    }

    func unreachable(_ error: HTTPClientError) -> Failure {
        switch error.cause {
        case .address:
            Failure(
                text:
                    "‘\(server ?? "")’ is not the address of a server: write https://HOST:PORT (IPv6: https://[fd00::1]:8443)",
                code: 64)
        case .system(EACCES) where server == nil, .system(EPERM) where server == nil:
            Failure(
                text: "you may not use the socket \(error.place): run as root, or as a user of its group",
                code: 5)
        case .system(ECONNREFUSED) where server == nil, .system(ENOENT) where server == nil:
            Failure(
                text: "no server answers on \(error.place): is ‘roost serve’ running, and with this socket?",
                code: 5)
        case .certificateFile where !FileManager.default.fileExists(atPath: error.place):
            Failure(text: "there is no file \(error.place) (--certificate, ROOST_CERTIFICATE)", code: 3)
        case .untrusted:
            Failure(
                text:
                    "\(error) (--certificate FILE; a server's own authority is center/ca.pem in its state directory)",
                code: 5)
        default: Failure(text: "\(error)", code: 5)
        }
    }

    /// All nodes that match `query`.
    func nodes(_ query: String, at: String? = nil) async throws -> [MachineAnswer] {
        let at = at.map { "&at=\(Self.escaped($0))" } ?? ""
        return try await all("nodes", "q=\(Self.escaped(query))" + at, of: MachineAnswer.self)
    }

    /// A whole list, fetched page by page.
    func all<Row: Decodable>(_ path: String, _ query: String, of _: Row.Type) async throws -> [Row] {
        let pageLimit = 1_000
        var rows: [Row] = []
        while true {
            let page = try await get("\(path)?limit=\(pageLimit)&offset=\(rows.count)&\(query)", [Row].self)
            rows += page
            // A server of before this list had pages answers with all of it.
            if page.count != pageLimit { return rows }
        }
    }

    /// Text as one path component or one query value.
    package static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(
            withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? text
    }
}

/// An error for people, with the exit code that scripts see.
package struct Failure: Error, CustomStringConvertible {
    package var text: String
    package var code: Int32
    package var description: String { text }

    package init(text: String, code: Int32) { (self.text, self.code) = (text, code) }
}

/// Runs a command's body: an error becomes one line on standard error, and the exit code gives its kind.
package func reportingFailure(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch _ where Interruption.isRequested {
        printError("roost: \(Interruption.message)")
        throw ExitCode(Interruption.exitCode)
    } catch let failure as Failure {
        printFailure("roost: \(failure.text)")
        throw ExitCode(failure.code)
    } catch let code as ExitCode {
        throw code
    } catch let error as ValidationError {
        // Thrown on, it would be shown with the usage of «roost» itself.
        printFailure("roost: \(error.message)")
        throw ExitCode(64)
    } catch {
        printFailure("roost: \(ErrorText.of(error))")
        throw ExitCode(1)
    }
}

/// Values as people read them.
package enum Shown {
    package static func seconds(_ milliseconds: Int) -> String {
        String(format: "%.1f s", Double(milliseconds) / 1_000)
    }

    /// In UTC: `2026-11-21 10:00:00Z`.
    package static func time(second: Int) -> String {
        Date(timeIntervalSince1970: Double(second)).formatted(.iso8601.dateTimeSeparator(.space))
    }

    package static func size(_ byteCount: Int) -> String {
        byteCount >= 1 << 30
            ? String(format: "%.1f GiB", Double(byteCount) / 1_073_741_824)
            : String(format: "%.1f MiB", Double(byteCount) / 1_048_576)
    }
}
