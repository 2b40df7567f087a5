import API
import Fleet
import Foundation
import HTTPClient
import HTTPTypes
import Hummingbird
import Logging
import Sealing

/// Makes every error an answer of RFC 9457, or a page where a person looks.
struct ProblemMiddleware: RouterMiddleware {
    let logger: Logger
    let pages: PageRenderer

    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = problem(for: error, path: request.uri.path)
            var headers: HTTPFields = [:]
            if let seconds = problem.retryAfter { headers[.retryAfter] = String(seconds) }
            if !request.uri.path.hasPrefix("/api/"), request.headers[.accept]?.contains("text/html") == true {
                return try pages.problem(problem, request: request, context: context, headers: headers)
            }
            headers[.contentType] = "application/problem+json"
            return Response(
                status: .init(code: problem.status), headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(problem))))
        }
    }

    private func problem(for error: any Error, path: String) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case StoreError.notFound(let detail): return Problem(404, "Not found", detail)
        case StoreError.conflict(let detail): return Problem(409, "Conflict", detail)
        case let error as StoreError:
            logger.error("\(error)")
            return Problem(503, "Unavailable", error.description)
        case let error as InvalidName: return Problem(422, "Invalid name", error.description)
        case let error as UnreadableTable: return Problem(422, "Unreadable CSV", error.description)
        case let error as InvalidSetting: return Problem(422, "Invalid setting", error.description)
        case let error as InvalidCondition: return Problem(422, "Invalid condition", error.description)
        case let error as DecodingError: return Problem(422, "Unreadable request", ErrorText.of(error))
        case let error as HTTPError where error.status.code == 404:
            return Problem(404, "Not found", error.body ?? "there is no \(path)")
        case let error as HTTPError:
            return Problem(error.status.code, "Refused", error.body ?? error.status.reasonPhrase)
        case let error as any HTTPResponseError:
            return Problem(error.status.code, "Refused", error.status.reasonPhrase)
        default:
            let text = ErrorText.of(error)
            logger.error("\(path): \(text)")
            return Problem(500, "Failed", text)
        }
    }
}

extension Request {
    /// The body as JSON.
    func decoded<T: Decodable>(_: T.Type = T.self, upTo byteLimit: Int = 8 << 20) async throws -> T {
        let buffer = try await body.collect(upTo: byteLimit)
        return try JSONDecoder().decode(T.self, from: Data(buffer.readableBytesView))
    }

    /// A parameter of the query, decoded; nil when it is not there or empty.
    func query(_ name: String) -> String? {
        guard let value = uri.queryParameters.get(name), !value.isEmpty else { return nil }
        return value
    }

    /// Whether the query has `name=yes`; `no` is the default.
    func wants(_ name: String) throws -> Bool {
        switch query(name) {
        case nil, "no": return false
        case "yes": return true
        case let text?: throw Problem(422, "Invalid parameter", "\(name): ‘\(text)’ is neither yes nor no")
        }
    }

    /// A whole number from the query.
    func query(_ name: String, _ range: ClosedRange<Int>, default standard: Int) throws -> Int {
        guard let text = query(name) else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw Problem(
                422, "Invalid parameter",
                "\(name): ‘\(text)’ is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// An answer as JSON, with an ETag where one is given.
struct JSONAnswer: ResponseGenerator {
    private let data: Data
    private let status: HTTPResponse.Status
    private let etag: String?
    private let next: String?

    init(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, etag: String? = nil, next: String? = nil
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        data = try encoder.encode(value)
        self.status = status
        self.etag = etag
        self.next = next
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let etag { headers[.eTag] = etag }
        if let next { headers[.link] = "<\(next)>; rel=\"next\"" }
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}

/// The state of one record, for `ETag` and `If-Match` (RFC 9110 §13.1.1).
enum RecordTag {
    /// A tag tells of the record's secrets, too: without this, who reads one could try what they are. It lives as long as the server;
    /// who has read a record before a restart reads it again.
    private static let key = Secrets.make()

    /// 64 bits of a code of the record's JSON: enough to see that somebody else changed it.
    static func of(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Another administrator may have changed nothing but a secret.
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        let code = Hashing.hmac(of: Array(try encoder.encode(record)), key: Array(key.utf8))
        return "\"\(Hashing.hexadecimal(code.prefix(8)))\""
    }

    /// Throws when the request wants another state than `record` has.
    static func check(_ wanted: String?, _ record: (some Encodable)?) throws {
        guard let wanted else { return }
        guard let record else {
            throw Problem(412, "Precondition failed", "it is gone; read the list again")
        }
        let tag = try of(record)
        guard wanted == "*" || wanted.split(separator: ",").contains(where: { String($0).trimmed == tag })
        else {
            throw Problem(
                412, "Precondition failed",
                "it was changed since you have read it; read it again and repeat the change")
        }
    }
}

extension HTTPField.Name {
    /// RFC 8288.
    static let link = HTTPField.Name("Link") ?? .location
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
