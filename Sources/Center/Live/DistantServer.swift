import API
import Fleet
import Foundation
import HTTPClient
import NIOCore
import NIOHTTP1

/// A file that arrives in parts.
final class ReplicaFile {
    /// Retrying would fail in the same way.
    struct TooLong: Error, CustomStringConvertible {
        var description: String
    }

    private let handle: FileHandle
    private let name: String
    private(set) var received: Int

    /// - Parameter byteCount: the final size; a longer file is started again. Nil: always start again.
    init(_ path: String, byteCount: Int?) throws {
        if !FileManager.default.fileExists(atPath: path) {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw StoreError.conflict("\(path) cannot be written")
            }
        }
        name = URL(fileURLWithPath: path).lastPathComponent
        handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        received = Int(try handle.seekToEnd())
        if byteCount == nil || received > byteCount ?? 0 { try clear() }
    }

    deinit { try? handle.close() }

    /// - Parameter byteLimit: the maximum size; a file that would exceed it is emptied and not written.
    func append(_ bytes: ByteBuffer, upTo byteLimit: Int) throws {
        guard bytes.readableBytes <= byteLimit - received else {
            try clear()
            throw TooLong(description: "\(name) has more than the allowed \(byteLimit) bytes")
        }
        try handle.write(contentsOf: Data(bytes.readableBytesView))
        received += bytes.readableBytes
    }

    func clear() throws {
        try handle.truncate(atOffset: 0)
        received = 0
    }
}

/// Another server's API.
struct DistantServer {
    /// The list of all versions, with their packages.
    private static let listByteLimit = 64 << 20
    /// For short status answers.
    private static let answerByteLimit = 1 << 20
    /// Lists and files may take any time, as long as data keeps arriving.
    private static let pause = Duration.seconds(60)
    private static let (answerTime, listTime, fileTime) = (
        Duration.seconds(60), Duration.seconds(600), Duration.seconds(86_400)
    )
    private let url: String
    private let token: String
    private let http: HTTPClient

    init(_ source: ReplicationSource) throws {
        url = source.url
        guard let data = FileManager.default.contents(atPath: source.tokenPath) else {
            throw StoreError.notFound("there is no token in \(source.tokenPath)")
        }
        token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        http = try source.certificatePath.map { try HTTPClient(trusting: $0) } ?? HTTPClient()
    }

    private func request(_ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "\(url)/api/v1/\(path)")
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.headers.add(name: "User-Agent", value: "roost")
        return request
    }

    func get<T: Decodable>(_ path: String, _: T.Type) async throws -> T {
        let answer = try await self.answer(to: request(path), within: Self.listTime)
        let data = try await Self.collect(answer, upTo: Self.listByteLimit)
        try Self.check(answer, data)
        return try JSONDecoder().decode(T.self, from: data)
    }

    func put(_ path: String, _ value: some Encodable) async throws {
        var request = request(path)
        request.method = .PUT
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = ByteBuffer(bytes: try JSONEncoder().encode(value))
        let answer = try await self.answer(to: request, within: Self.answerTime)
        try Self.check(answer, try await Self.collect(answer, upTo: Self.answerByteLimit))
    }

    /// The rest of the file after `offset` bytes.
    func body(of path: String, from offset: Int) async throws -> HTTPClientBody {
        var request = request(path)
        if offset > 0 { request.headers.add(name: "Range", value: "bytes=\(offset)-") }
        let answer = try await self.answer(to: request, within: Self.fileTime)
        guard answer.status == (offset > 0 ? 206 : 200) else {
            try Self.check(answer, try await Self.collect(answer, upTo: Self.answerByteLimit))
            throw StoreError.conflict("\(url) answers \(answer.statusText) to a request for a part of a file")
        }
        return answer.body
    }

    private func answer(to request: HTTPClientRequest, within time: Duration) async throws
        -> HTTPClientResponse
    {
        try await http.execute(request, within: HTTPClientLimits(whole: time, pause: Self.pause))
    }

    private static func collect(_ answer: HTTPClientResponse, upTo byteLimit: Int) async throws -> Data {
        do { return Data(try await answer.body.collect(upTo: byteLimit).readableBytesView) } catch {
            guard error is NIOTooManyBytesError else { throw error }
            throw StoreError.conflict("its answer has more than \(byteLimit >> 20) MiB")
        }
    }

    private static func check(_ answer: HTTPClientResponse, _ data: Data) throws {
        guard !(200..<300).contains(answer.status) else { return }
        let problem = try? JSONDecoder().decode(Problem.self, from: data)
        let status: Sentence = "it answers \(answer.statusText)"
        throw StoreError.conflict(problem.map { "\(status): \($0.detail)" } ?? status)
    }
}
