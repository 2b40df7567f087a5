import API
import Fleet
import Foundation
import Wire

/// Hardware of nodes in the formats that other programs read.
enum InventoryFormat: String, Sendable, CaseIterable {
    case json, csv
    /// One GLPI inventory (JSON, inventory_format 0.1) for each node, in an array.
    case glpi

    var contentType: String { self == .csv ? "text/csv; charset=utf-8" : "application/json" }
}

enum InventoryExport {
    static func text(of entries: [InventoryEntry], as format: InventoryFormat) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return switch format {
        case .json: try encoder.encode(entries)
        case .csv: Data(csv(entries).utf8)
        case .glpi: try encoder.encode(entries.map(GLPIInventory.init))
        }
    }

    private static func csv(_ entries: [InventoryEntry]) -> String {
        var table = CSVText(header: [
            "node", "group", "mac", "vendor", "product", "serial", "board", "firmware", "firmware kind",
            "secure boot", "tpm", "processor", "processors", "memory MiB", "modules", "disks", "graphics",
            "monitors",
        ])
        for entry in entries {
            let hardware = entry.hardware
            table.add([
                entry.node.text, entry.group.description,
                entry.macAddresses.map(\.description).joined(separator: " "), hardware.vendor,
                hardware.product,
                hardware.serial, hardware.board, hardware.firmware, hardware.firmwareKind,
                hardware.isSecureBootOn ? "on" : "off", hardware.tpm, hardware.processor,
                String(hardware.processorCount), String(hardware.memoryMebibytes),
                hardware.memoryModules.map { "\($0.slot): \($0.mebibytes) MiB \($0.kind)" }.joined(
                    separator: "; "),
                hardware.disks.map { "\($0.name): \($0.model) \($0.mebibytes) MiB" }.joined(separator: "; "),
                hardware.graphics.joined(separator: "; "),
                hardware.monitors.map { "\($0.name) \($0.serial)" }.joined(separator: "; "),
            ])
        }
        return table.text
    }
}
