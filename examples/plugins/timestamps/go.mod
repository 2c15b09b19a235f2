module timestamps

go 1.24
