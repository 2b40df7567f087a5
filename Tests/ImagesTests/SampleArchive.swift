import Fleet
import Foundation

@testable import Images

/// Container images made by hand in a directory: as an OCI layout, or in the format of `docker save` before version 25.
struct SampleLayout {
    let root: SampleRoot

    init() throws { root = try SampleRoot() }

    var path: String { root.path }

    func layout() throws -> ContainerLayout { try ContainerLayout(path) }

    static func digest(_ text: String) -> String { "sha256:\(Digest(of: Data(text.utf8)))" }

    /// Writes a blob.
    ///
    /// - Returns: its descriptor in JSON, up to the digest.
    func blob(_ text: String, _ mediaType: String = "application/json") throws -> String {
        let digest = Self.digest(text)
        try root.put("blobs/sha256/\(digest.dropFirst(7))", text)
        return #""mediaType":"\#(mediaType)","digest":"\#(digest)","size":\#(text.utf8.count)"#
    }

    /// An image of one layer.
    ///
    /// - Returns: the manifest's descriptor, and its digest.
    func image(
        _ layer: String, _ architecture: String = "amd64",
        mediaType: String = "application/vnd.oci.image.layer.v1.tar",
        system: String = "linux"
    ) throws -> (descriptor: String, digest: String) {
        let config = try blob(
            #"{"architecture":"\#(architecture)","os":"\#(system)","rootfs":{"type":"layers","diff_ids":["\#(Self.digest(layer))"]}}"#
        )
        let layers = try blob(layer, mediaType)
        let manifest = #"{"schemaVersion":2,"config":{\#(config)},"layers":[{\#(layers)}]}"#
        return (try blob(manifest, "application/vnd.oci.image.manifest.v1+json"), Self.digest(manifest))
    }

    static func platform(_ text: String) -> String {
        let parts = text.split(separator: "/").map(String.init)
        let variant = parts.count > 2 ? #","variant":"\#(parts[2])""# : ""
        return #""platform":{"os":"\#(parts[0])","architecture":"\#(parts[1])"\#(variant)}"#
    }

    static func name(_ text: String) -> String {
        #""annotations":{"io.containerd.image.name":"\#(text)","org.opencontainers.image.ref.name":"tag"}"#
    }

    func index(_ manifests: [String]) -> String {
        #"{"schemaVersion":2,"manifests":[\#(manifests.map { "{\($0)}" }.joined(separator: ","))]}"#
    }

    func finish(_ manifests: [String]) throws {
        try root.put("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
        try root.put("index.json", index(manifests))
    }
}

/// A tar archive made by hand (POSIX.1-2017, *ustar Interchange Format*), with names that no archiver writes.
struct SampleTar {
    private(set) var bytes: [UInt8] = []

    /// Adds a file, or the type that `kind` names: `5` a directory, `2` a link, `1` a hard link, `3` a device.
    mutating func add(
        _ name: String, _ text: String = "", kind: Character = "0", link: String = "",
        mode: String = "0000755",
        attributes: [String: String] = [:]
    ) {
        if !attributes.isEmpty { addRecords(attributes) }
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(name, at: 0)
        put(mode, at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        let count = String(text.utf8.count, radix: 8)
        put(String(repeating: "0", count: 11 - count.count) + count, at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put(String(kind), at: 156)
        put(link, at: 157)
        put("ustar\u{0}00", at: 257)
        put("0000001", at: 329)
        put("0000003", at: 337)
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        put(String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ", at: 148)
        bytes += header + Array(text.utf8)
        bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    /// pax extended header records (POSIX.1-2017, *pax Extended Header*): each begins with its own length.
    private mutating func addRecords(_ records: [String: String]) {
        let text = records.sorted { $0.key < $1.key }.map { key, value in
            let rest = " \(key)=\(value)\n"
            var count = rest.utf8.count
            while String(count).utf8.count + rest.utf8.count != count {
                count = String(count).utf8.count + rest.utf8.count
            }
            return "\(count)\(rest)"
        }.joined()
        add("records", text, kind: "x")
    }

    /// Followed by the two blocks of zeros.
    var archive: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}
