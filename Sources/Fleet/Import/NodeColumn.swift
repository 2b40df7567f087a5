/// The meaning of a column in a list of nodes.
enum NodeColumn: Equatable {
    case name, macAddresses, uuid, group, address, tags
    case setting(SettingDefinition)

    /// Recognises a column title: case, spaces and punctuation are ignored, and it may be in any language of the pages, or German.
    init?(head: String) {
        if let definition = SettingDefinition.named(head.lowercased()), !definition.isSiteWide {
            self = .setting(definition)
            return
        }
        let word = String(head.lowercased().filter { $0.isLetter || $0.isNumber })
        if let column = Self.columnOfWord[word] {
            self = column
            return
        }
        // Lists of other programs have a column for each card: ‘MAC 1’, ‘mac2’.
        let digits = word.reversed().prefix { $0.isNumber }.count
        guard digits > 0, Self.columnOfWord[String(word.dropLast(digits))] == .macAddresses else {
            return nil
        }
        self = .macAddresses
    }

    /// The order of lists without a header.
    static let standard: [NodeColumn] = [.name, .macAddresses, .group, .address, .tags]

    /// For people.
    var name: String {
        switch self {
        case .name: "name"
        case .macAddresses: "mac"
        case .uuid: "uuid"
        case .group: "group"
        case .address: "address"
        case .tags: "tags"
        case .setting(let definition): definition.name
        }
    }

    private static let words: [(NodeColumn, String)] = [
        (
            .name,
            "name host hostname node nodename computer computername pc device devicename machine nom nombre nome όνομα rechner rechnername gerät gerätename"
        ),
        (
            .macAddresses,
            "mac macs macaddress macaddresses hwaddr hwaddress hardwareaddress hardwareaddresses ethernet ethernetaddress physicaladdress lladdr adressemac direcciónmac direccionmac endereçomac διεύθυνσηmac macadresse hardwareadresse physischeadresse"
        ),
        (.uuid, "uuid smbiosuuid systemuuid guid"),
        (
            .group,
            "group room location place path groupe salle grupo aula sala ομάδα gruppe raum standort"
        ),
        (
            .address,
            "address ip ipaddress ipv4 ipv4address fixedaddress adresse adresseip dirección direcciónip direccionip endereço endereçoip διεύθυνση διεύθυνσηip ipadresse"
        ),
        (
            .tags,
            "tag tags label labels étiquette étiquettes etiqueta etiquetas ετικέτα ετικέτες stichwort stichworte"
        ),
    ]

    private static let columnOfWord: [String: NodeColumn] = Dictionary(
        words.flatMap { column, words in words.split(separator: " ").map { (String($0), column) } }
    ) { first, _ in first }
}
