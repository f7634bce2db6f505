package session

// Room is how many users the index has room for, about.
func (u *Users) Room() (n int) {
	for i := range u.parts {
		n += max(int(u.parts[i].most), len(u.parts[i].named))
	}
	return n
}
