import API
import Fleet
import Wire

/// The hardware of a node as GLPI reads it. The names of its members are those of GLPI's inventory_format (inventory.schema.json).
struct GLPIInventory: Encodable {
    let action = "inventory"
    let itemtype = "Computer"
    var deviceid: String
    var content: Content

    struct Content: Encodable {
        let versionclient = "Roost"
        var hardware: Hardware
        var bios: BIOS
        var cpus: [Processor]
        var memories: [Memory]
        var networks: [Card]
        var storages: [Disk]
        var videos: [Graphics]
        var monitors: [Monitor]
        var usbdevices: [USBDevice]
        var controllers: [Controller]
    }

    struct Hardware: Encodable {
        var name: String
        var uuid: String
        var memory: Int
    }

    struct BIOS: Encodable {
        var smanufacturer: String
        var smodel: String
        var ssn: String
        var mmodel: String
        var bversion: String
    }

    struct Processor: Encodable {
        var name: String
        var core: Int
    }

    struct Memory: Encodable {
        var caption: String
        var capacity: Int
        var type: String
        var speed: String
        var manufacturer: String
        var model: String
    }

    struct Card: Encodable {
        var description: String
        var mac: String
        var driver: String
    }

    struct Disk: Encodable {
        var name: String
        var model: String
        var serial: String
        var disksize: Int
    }

    struct Graphics: Encodable {
        var name: String
    }

    struct Monitor: Encodable {
        var caption: String
        var serial: String
        var name: String
    }

    struct USBDevice: Encodable {
        var name: String
        var vendorid: String
        var productid: String
    }

    struct Controller: Encodable {
        var name: String
        var pcislot: String
        var driver: String
        var caption: String
    }
}

extension GLPIInventory {
    init(_ entry: InventoryEntry) {
        let hardware = entry.hardware
        deviceid = "roost-\(entry.node)"
        content = Content(
            hardware: Hardware(
                name: entry.node.text, uuid: entry.uuid?.description ?? "",
                memory: hardware.memoryMebibytes),
            bios: BIOS(
                smanufacturer: hardware.vendor, smodel: hardware.product, ssn: hardware.serial,
                mmodel: hardware.board, bversion: hardware.firmware),
            cpus: hardware.processor.isEmpty
                ? [] : [Processor(name: hardware.processor, core: max(1, hardware.processorCount))],
            memories: hardware.memoryModules.map {
                Memory(
                    caption: $0.slot, capacity: $0.mebibytes, type: $0.kind, speed: String($0.speed),
                    manufacturer: $0.maker, model: $0.part)
            },
            networks: hardware.cards.map {
                Card(description: $0.name, mac: $0.macAddress, driver: $0.driver)
            },
            storages: hardware.disks.map {
                Disk(name: $0.name, model: $0.model, serial: $0.serial, disksize: $0.mebibytes)
            },
            videos: hardware.graphics.map { Graphics(name: $0) },
            monitors: hardware.monitors.map { Monitor(caption: $0.name, serial: $0.serial, name: $0.id) },
            usbdevices: hardware.usb.map { device in
                let ids = device.id.split(separator: ":").map(String.init)
                return USBDevice(
                    name: device.name, vendorid: ids.first ?? "", productid: ids.last ?? "")
            },
            controllers: hardware.pci.map {
                Controller(name: $0.name, pcislot: $0.place, driver: $0.driver, caption: $0.id)
            })
    }
}
