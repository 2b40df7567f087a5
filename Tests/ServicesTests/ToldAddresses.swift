import Fleet
import Services
import Wire

/// Addresses of machines as a test tells them.
struct ToldAddresses: AddressBook {
    var holder: (IPv4Address) -> (MACAddress, ClientAddress)? = { _ in nil }
    var isGiven: (IPv4Address) -> Bool = { _ in false }
    var interface: (IPv4Address) -> String? = { _ in nil }

    func holder(of address: IPv4Address) -> (MACAddress, ClientAddress)? { holder(address) }
    func givesAddresses(like address: IPv4Address) -> Bool { isGiven(address) }
    func interface(serving address: IPv4Address) -> String? { interface(address) }
    func move(with jump: ClockJump) {}
}

extension BootContext {
    var told: ToldAddresses {
        get { addresses as? ToldAddresses ?? ToldAddresses() }
        set { addresses = newValue }
    }
}
