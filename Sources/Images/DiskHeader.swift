/// The beginning of a virtual disk, checked before any program opens it: a disk that names other files would have them read with the
/// importer's rights (compare CVE-2024-32498).
struct DiskHeader {
    /// How much of a file is examined.
    static let byteLimit = 1 << 20

    private let bytes: [UInt8]

    /// - Parameter bytes: the first ``byteLimit`` of the file, or all of it if shorter.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// How the disk refers to another file; nil when it refers to none.
    func dependence(as format: DiskImage.Format) -> String? {
        switch format {
        case .raw, .vdi, .vhdx: nil
        case .qcow2: qcow2Dependence
        case .vmdk: vmdkDependence
        }
    }

    /// docs/interop/qcow2.txt of QEMU: backing_file_offset at 8, incompatible_features at 72 since version 3.
    private var qcow2Dependence: String? {
        guard let version = number(at: 4, count: 4, isBigEndian: true),
            let backing = number(at: 8, count: 8, isBigEndian: true)
        else { return "its header is incomplete" }
        if backing != 0 { return "it has a backing file" }
        guard version >= 3 else { return nil }
        guard let features = number(at: 72, count: 8, isBigEndian: true) else {
            return "its header is incomplete"
        }
        return features & 1 << 2 != 0 ? "its data is in another file" : nil
    }

    /// Where QEMU looks for a parent, whatever the header says about its descriptor (block/vmdk.c: `desc_offset`, `DESC_SIZE`).
    private static let vmdkDescriptor = 512..<21 * 512

    /// «VMware Virtual Disks», Virtual Disk Format 5.0: capacity at 12, the descriptor's offset at 28 and its length at 36, both in
    /// sectors. QEMU reads a header without capacity as a descriptor of other files, and finds the name of a parent even in the middle of a
    /// line.
    private var vmdkDependence: String? {
        guard let capacity = number(at: 12, count: 8), let offset = number(at: 28, count: 8),
            let length = number(at: 36, count: 8)
        else { return "its header is incomplete" }
        guard capacity != 0 else { return "its data is in other files" }
        let read = bytes[Self.vmdkDescriptor.clamped(to: 0..<bytes.count)]
        if String(decoding: read, as: UTF8.self).contains("parentFileNameHint") {
            return "it has a backing file"
        }
        guard offset != 0 else { return nil }
        guard offset < Self.byteLimit / 512, length <= Self.byteLimit / 512,
            (offset + length) * 512 <= bytes.count
        else { return "its descriptor is not at its beginning" }
        let text = String(decoding: bytes[Int(offset * 512)..<Int((offset + length) * 512)], as: UTF8.self)
        var extentCount = 0
        for line in text.split(whereSeparator: { $0.isNewline || $0 == "\0" }) {
            let words = line.split(whereSeparator: \.isWhitespace)
            if ["RW", "RDONLY", "NOACCESS"].contains(words.first) {
                extentCount += 1
                guard words.count > 2, words[2] == "SPARSE" else { return "its data is in another file" }
            }
            let pair = line.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            guard pair.count == 2 else { continue }
            switch pair[0] {
            case "parentFileNameHint": return "it has a backing file"
            case "parentCID" where pair[1].lowercased() != "ffffffff": return "it has a backing file"
            case "createType":
                guard ["\"monolithicSparse\"", "\"streamOptimized\""].contains(pair[1]) else {
                    return "its data is in other files"
                }
            default: break
            }
        }
        return extentCount > 1 ? "its data is in other files" : nil
    }

    /// Nil beyond the end.
    private func number(at offset: Int, count: Int, isBigEndian: Bool = false) -> UInt64? {
        guard offset + count <= bytes.count else { return nil }
        let part = bytes[offset..<offset + count]
        return (isBigEndian ? Array(part) : part.reversed()).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
