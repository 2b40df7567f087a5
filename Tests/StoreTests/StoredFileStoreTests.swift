import Fleet
import Foundation
import Sealing
import Testing

@testable import StoreSQLite

/// Contents of stored files in a store.
@Suite final class StoredFileStoreTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())")
        .path

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func file(_ name: String) throws -> StoredFile {
        guard let digest = Fleet.Digest(String(repeating: "a", count: 64)) else {
            preconditionFailure("64 digits are a digest")
        }
        return StoredFile(name: try StoredFileName(name), digest: digest, byteCount: 3, changedAt: 1)
    }

    private func put(_ file: StoredFile, _ content: [UInt8]?, isRemoved: Bool = false, in store: SQLiteStore)
        async throws
    {
        let snapshot = try await store.snapshot()
        let edit = FleetEdit.storedFile(file.name, isRemoved ? nil : file, content: content)
        let number = try await store.apply(snapshot.checking([edit]), by: "ann", what: "x")
        _ = try #require(number)
    }

    @Test func `a content is kept sealed, stays with its record, and goes with it`() async throws {
        let path = "\(directory)/store"
        let secrets = NodeSecrets()
        let store = try SQLiteStore(path: path, secrets: secrets)
        let file = try file("x")
        let content = Array("\u{0}plain words\u{FF}".utf8)
        try await put(file, content, in: store)
        var later = file
        later.changedAt = 2
        try await put(later, nil, in: store)
        #expect(try await store.content(of: file.name) == content)
        #expect(try await SQLiteStore(path: path, secrets: secrets).content(of: file.name) == content)
        let bytes = try FileManager.default.contentsOfDirectory(atPath: directory).filter {
            $0.hasPrefix("store")
        }.map { try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\($0)")) }
        #expect(!bytes.contains { $0.range(of: Data(KeptBytes.text(of: content).utf8)) != nil })
        // Without the key there is no content, and no other one either.
        #expect(try await SQLiteStore(path: path).content(of: file.name) == nil)
        try await put(file, nil, isRemoved: true, in: store)
        #expect(try await store.content(of: file.name) == nil)
    }
}
