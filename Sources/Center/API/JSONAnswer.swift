import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird

extension Request {
    /// The body as JSON. Members that nothing reads are refused.
    ///
    /// - Parameter isTolerant: whether they are passed over: a program of another version may say more.
    func decoded<T: Decodable>(
        _: T.Type = T.self, upTo byteLimit: Int = 8 << 20, isTolerant: Bool = false
    ) async throws -> T {
        let data = Data(try await content(upTo: byteLimit).readableBytesView)
        let value = try JSONDecoder().decode(T.self, from: data)
        if !isTolerant {
            let json = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
            try UnknownMember.refuse(in: json, .request(T.self))
        }
        return value
    }

    /// What the request expects of the record that it changes.
    var precondition: Precondition {
        Precondition(ifMatch: headers[.ifMatch], ifNoneMatch: headers[.ifNoneMatch])
    }

    /// A query parameter, decoded; nil when missing or empty.
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

extension HTTPField.Name {
    /// RFC 8288.
    static let link = HTTPField.Name("Link") ?? .location
}
